import BlockFormats
import Foundation
import Tensors
import TestSupport
import Testing

/// ggml's own encoders, from the shared library that `EDGEPIPE_GGML_LIBRARY` names: `libggml-base` of a default build.
private struct GGML {
    typealias Encoder = @convention(c) (UnsafePointer<Float>, UnsafeMutableRawPointer, Int64) -> Void

    static let path = ProcessInfo.processInfo.environment["EDGEPIPE_GGML_LIBRARY"]

    let encoder: Encoder

    init(_ type: TensorType) throws {
        let library = try #require(dlopen(GGML.path, RTLD_NOW | RTLD_LOCAL), "\(GGML.path ?? "") cannot be loaded")
        let name = "quantize_row_\(String(describing: type))_ref"
        encoder = unsafeBitCast(try #require(dlsym(library, name), "no \(name)"), to: Encoder.self)
    }

    func encode(_ weights: [Float], as type: TensorType) -> [UInt8] {
        var bytes = [UInt8](repeating: 0x5a, count: weights.count / type.block.elements * type.block.bytes)
        bytes.withUnsafeMutableBytes { encoder(weights, $0.baseAddress!, Int64(weights.count)) }
        return bytes
    }
}

@Suite(.enabled(if: GGML.path != nil, "EDGEPIPE_GGML_LIBRARY names no libggml-base to compare with"))
struct GGMLTests {
    @Test(arguments: BlockCodecTests.types.filter { $0.isQuantized }, Sample.allCases)
    func bytesAreGGMLs(_ type: TensorType, _ sample: Sample) throws {
        let ggml = try GGML(type)
        var random = SeededRandom.printed(for: "\(type.name) \(sample)")
        for _ in 0..<200 {
            let block = sample.block(&random)
            try #require(encode(block, as: type) == ggml.encode(block, as: type), "\(block)")
        }
    }
}
