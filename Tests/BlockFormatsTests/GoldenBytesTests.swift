import BinaryIO
import BlockFormats
import Foundation
import SystemPackage
import Tensors
import TestSupport
import Testing

/// What ggml makes of some weights, as digests, so that every encoder is held to its bytes where the library is not.
enum GoldenBytes {
    struct Digests: Codable, Equatable {
        /// Without an importance matrix; nil for types that need one.
        let plain: String?
        let weighted: String
    }

    private struct File: Decodable {
        let types: [String: Digests]
    }

    static let columns = 2048

    static func shipped() throws -> [String: Digests] {
        let path = Goldens.packageRoot.appending("Tests/Goldens/block-formats.json").string
        return try JSONDecoder().decode(File.self, from: Data(contentsOf: URL(filePath: path))).types
    }

    /// Eight rows of weights and what the columns count. Groups of 16 differ in size; some are zero, some have ties.
    static func input() -> (weights: [Float], importance: [Float]) {
        var random = SplitMix64(seed: 2026)
        var weights: [Float] = []
        for _ in 0..<(columns / 2) {
            let kind = Int(random.next() % 10)
            let scale = Float(sign: .plus, exponent: -kind, significand: 1)
            for _ in 0..<16 {
                let sum = random.nextFraction() + random.nextFraction() + random.nextFraction() + random.nextFraction()
                weights.append(kind == 0 ? 0 : kind == 1 ? (sum * 4).rounded(.down) / 8 - 1 : (sum - 2) * scale)
            }
        }
        let importance = (0..<columns).map { column in
            let root = random.nextFraction()
            return column % 37 == 0 ? 0 : root * root * (column % 41 == 0 ? 100 : 1)
        }
        return (weights, importance)
    }
}

@Suite struct GoldenBytesTests {
    @Test(arguments: BlockCodecTests.types.filter { $0.isQuantized }, Kernels.available)
    func bytesAreTheReferences(_ type: TensorType, _ kernels: Kernels) throws {
        let golden = try #require(try GoldenBytes.shipped()[type.name])
        let (weights, importance) = GoldenBytes.input()
        if !BlockCodec.needsImportance(type) {
            #expect("\(SHA256Digest(of: encode(weights, as: type, kernels: kernels)))" == golden.plain)
        }
        #expect(
            "\(SHA256Digest(of: encode(weights, importance: importance, as: type, kernels: kernels)))"
                == golden.weighted
        )
    }
}
