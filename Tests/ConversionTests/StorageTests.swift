import BinaryIO
import Conversion
import Foundation
import GGUF
import TestSupport
import Testing

/// Weights that are stored in other than the usual types.
@Suite struct StorageTests {
    private static let name = "model.layers.0.self_attn.v_proj.weight"
    private static let settings = #"{"quant_method":"fp8","weight_block_size":[100,64]}"#

    /// Llama with one matrix of 128 rows of 256 replaced.
    private static func llama(_ dtype: String, _ bytes: [UInt8], shape: [Int] = [128, 256]) -> SmallCheckpoint {
        var checkpoint = SmallCheckpoint.llama()
        checkpoint.tensors.removeAll { $0.name == name }
        checkpoint.tensors.append(.init(name: name, dtype: dtype, shape: shape, bytes: bytes))
        return checkpoint
    }

    private static func floats(_ numbers: [Float]) -> [UInt8] {
        var bytes = LittleEndianBytes()
        for number in numbers { bytes.append(number.bitPattern) }
        return bytes.bytes
    }

    private static func found(_ checkpoint: SmallCheckpoint) throws -> [Float] {
        try Conversions().convert(checkpoint, .f32).floats("blk.0.attn_v.weight")
    }

    @Test func doublePrecisionIsRoundedToSingle() throws {
        let numbers = (0..<(128 * 256)).map { Double($0) / 3 - 1000 }
        var bytes = LittleEndianBytes()
        for number in numbers { bytes.append(number.bitPattern) }
        #expect(try Self.found(Self.llama("F64", bytes.bytes)) == numbers.map(Float.init))
    }

    /// The formats' corners: zeros, the least and the largest number, and ones.
    @Test(
        arguments: [
            ("F8_E4M3", [0x00: 0, 0x01: 0x1p-9, 0x07: 0x7p-9, 0x08: 0x1p-6, 0x38: 1, 0xb8: -1, 0x7e: 448, 0xfe: -448]),
            ("F8_E5M2", [0x00: 0, 0x01: 0x1p-16, 0x04: 0x1p-14, 0x3c: 1, 0xbd: -1.25, 0x7b: 57344, 0xfb: -57344]),
        ] as [(String, [UInt8: Float])]
    )
    func eightBitsAreDecoded(_ dtype: String, _ corners: [UInt8: Float]) throws {
        let codes = corners.keys.sorted()
        let bytes = (0..<(128 * 256)).map { codes[$0 % codes.count] }
        #expect(try Self.found(Self.llama(dtype, bytes)) == bytes.map { corners[$0] ?? .nan })
    }

    @Test(arguments: [[], [1], [128, 1], [2, 4]])
    func eightBitsAreMultipliedByTheScaleOfTheirMatrixRowOrBlock(_ shape: [Int]) throws {
        let count = shape.reduce(1, *)
        let scales = (0..<count).map { Float($0) / 7 + 0.3 }
        var checkpoint = Self.llama("F8_E4M3", [UInt8](repeating: 0x39, count: 128 * 256))
        checkpoint.config["quantization_config"] = shape == [2, 4] ? Self.settings : #"{"quant_method":"fp8"}"#
        checkpoint.tensors.append(
            .init(name: Self.name + "_scale_inv", dtype: "F32", shape: shape, bytes: Self.floats(scales))
        )
        checkpoint.add("model.layers.0.self_attn.v_proj.input_scale", [1], dtype: "F32")
        let expected = (0..<128).flatMap { row in
            (0..<256).map { column in
                let index = count == 1 ? 0 : count == 128 ? row : row / 100 * 4 + column / 64
                return 1.125 * scales[index]
            }
        }
        #expect(try Self.found(checkpoint) == expected)
    }

    @Test(arguments: [[3], [128, 2], [4, 2]])
    func scalesThatFitNoMatrixAreRefused(_ shape: [Int]) throws {
        var checkpoint = Self.llama("F8_E4M3", [UInt8](repeating: 0x38, count: 128 * 256))
        checkpoint.config["quantization_config"] = Self.settings
        checkpoint.add(Self.name + "_scale_inv", shape, dtype: "F32")
        let problem = try Conversions().problem(checkpoint)
        guard case .wrongShape(tensor: Self.name + "_scale_inv", found: shape, expected: _) = problem else {
            Issue.record("\(problem as Any)")
            return
        }
    }

    @Test(arguments: ["hqq", "aqlm", "bitsandbytes", "mxfp4"])
    func otherQuantizedCheckpointsAreRefusedByTheirMethod(_ method: String) throws {
        var checkpoint = SmallCheckpoint.llama()
        checkpoint.config["quantization_config"] = #"{"quant_method":"\#(method)"}"#
        #expect(try Conversions().problem(checkpoint) == .unsupportedQuantization(method))
    }

    @Test(arguments: ["[0,128]", "[128]", "[1,70000]", "[-1,1]"])
    func blocksOfNoSizeAreRefused(_ size: String) throws {
        var checkpoint = SmallCheckpoint.llama()
        checkpoint.config["quantization_config"] = #"{"quant_method":"fp8","weight_block_size":\#(size)}"#
        #expect(
            try Conversions().problem(checkpoint)
                == .invalidValue(file: "config.json", key: "weight_block_size", expected: "two whole numbers")
        )
    }

    /// Headers put larger types first; the reference lists tensors by name.
    @Test func tensorsAreWrittenInTheOrderOfTheirNames() throws {
        var checkpoint = SmallCheckpoint.llama()
        let names = try Conversions().convert(checkpoint).tensors.map(\.name)
        checkpoint.tensors.shuffle()
        #expect(try Conversions().convert(checkpoint).tensors.map(\.name) == names)
    }
}
