import BinaryIO
import BlockFormats
import Foundation
import Tensors
import TestSupport
import Testing

/// ggml's own encoders and decoders, from the shared library that `EDGEPIPE_GGML_LIBRARY` names: `libggml-base` of a
/// default build.
private struct GGML {
    typealias Initializer = @convention(c) (UInt32) -> Void
    typealias Encoder =
        @convention(c) (UnsafePointer<Float>, UnsafeMutableRawPointer, Int64, Int64, UnsafePointer<Float>?) -> Int
    typealias Decoder = @convention(c) (UnsafeRawPointer, UnsafeMutablePointer<Float>, Int64) -> Void

    static let path = ProcessInfo.processInfo.environment["EDGEPIPE_GGML_LIBRARY"]

    private let type: TensorType
    private let library: UnsafeMutableRawPointer

    init(_ type: TensorType) throws {
        self.type = type
        library = try #require(dlopen(GGML.path, RTLD_NOW | RTLD_LOCAL), "\(GGML.path ?? "") cannot be loaded")
        try function("ggml_quantize_init", as: Initializer.self)(type.rawValue)
    }

    private func function<Function>(_ name: String, as: Function.Type) throws -> Function {
        unsafeBitCast(try #require(dlsym(library, name), "no \(name)"), to: Function.self)
    }

    func encode(_ weights: [Float], importance: [Float]? = nil) throws -> [UInt8] {
        let encoder = try function("quantize_\(String(describing: type))", as: Encoder.self)
        let columns = importance?.count ?? weights.count
        var bytes = [UInt8](repeating: 0x5a, count: weights.count / type.block.elements * type.block.bytes)
        bytes.withUnsafeMutableBytes {
            _ = encoder(weights, $0.baseAddress!, Int64(weights.count / columns), Int64(columns), importance)
        }
        return bytes
    }

    func decode(_ bytes: [UInt8]) throws -> [Float] {
        let decoder = try function("dequantize_row_\(String(describing: type))", as: Decoder.self)
        var weights = [Float](repeating: .nan, count: bytes.count / type.block.bytes * type.block.elements)
        decoder(bytes, &weights, Int64(weights.count))
        return weights
    }
}

@Suite(.enabled(if: GGML.path != nil, "EDGEPIPE_GGML_LIBRARY names no libggml-base to compare with"))
struct GGMLTests {
    private static let types = BlockCodecTests.types.filter { $0.isQuantized }

    @Test(arguments: types.filter { !BlockCodec.needsImportance($0) }, Sample.allCases)
    func bytesAreGGMLs(_ type: TensorType, _ sample: Sample) throws {
        let ggml = try GGML(type)
        var random = SeededRandom.printed(for: "\(type.name) \(sample)")
        for _ in 0..<200 {
            let block = sample.block(&random)
            let bytes = encode(block, as: type)
            // ggml would stop the program.
            if hasGivenUp(bytes, type) { continue }
            let expected = try ggml.encode(block)
            try #require(bytes == expected, "\(block)")
        }
    }

    @Test(arguments: types, Sample.allCases)
    func bytesWithAMatrixAreGGMLs(_ type: TensorType, _ sample: Sample) throws {
        let ggml = try GGML(type)
        var random = SeededRandom.printed(for: "\(type.name) \(sample)")
        for round in 0..<200 {
            let block = sample.block(&random)
            let importance = Importance.allCases[round % Importance.allCases.count].columns(256, &random)
            let bytes = encode(block, importance: importance, as: type)
            if hasGivenUp(bytes, type) { continue }
            let expected = try ggml.encode(block, importance: importance)
            try #require(bytes == expected, "\(block) \(importance)")
        }
    }

    @Test(arguments: TensorType.allCases.filter { $0.isQuantized && BlockCodec.canDecode($0) })
    func weightsAreGGMLs(_ type: TensorType) throws {
        let ggml = try GGML(type)
        var random = SeededRandom.printed(for: type.name)
        for _ in 0..<500 {
            let bytes = (0..<type.block.bytes).map { _ in UInt8.random(in: 0...255, using: &random) }
            let (ours, theirs) = (decode(bytes, as: type), try ggml.decode(bytes))
            let agree = zip(ours, theirs).allSatisfy { $0.bitPattern == $1.bitPattern || $0.isNaN && $1.isNaN }
            try #require(agree, "\(bytes)")
        }
    }

    /// Makes the digests that `GoldenBytesTests` compares with.
    @Test(arguments: types)
    func goldenBytesAreGGMLs(_ type: TensorType) throws {
        let ggml = try GGML(type)
        let (weights, importance) = GoldenBytes.input()
        let plain = BlockCodec.needsImportance(type) ? nil : try ggml.encode(weights)
        let found = GoldenBytes.Digests(
            plain: plain.map { "\(SHA256Digest(of: $0))" },
            weighted: "\(SHA256Digest(of: try ggml.encode(weights, importance: importance)))"
        )
        #expect(try GoldenBytes.shipped()[type.name] == found, "\(type.name): \(found)")
    }

    /// Whether the encoder met numbers that ggml's assertions do not let pass: nothing is stored then but a scale that
    /// is not a number.
    private func hasGivenUp(_ bytes: [UInt8], _ type: TensorType) -> Bool {
        let name = String(describing: type)
        guard name.hasPrefix("iq"), !name.hasPrefix("iq4") else { return false }
        return !isUsable(bytes, type) && bytes.filter { $0 != 0 }.count <= (type == .iq1_m ? 4 : 1)
    }
}
