import BinaryIO
import Conversion
import Foundation
import GGUF
import SystemPackage
import Tensors
import TestSupport
import Testing

@Suite struct ConverterTests {
    private let conversions: Conversions

    init() throws { conversions = try Conversions() }

    /// The whole file of the reference converter, and where it differs, in what.
    @Test(arguments: [ConvertedType.f16, .bf16, .f32])
    func theTinyModelConvertsToTheReferencesBytes(_ type: ConvertedType) throws {
        let golden = try ConvertedGolden(type)
        let source = try HuggingFaceFolder(path: Goldens.packageRoot.appending("models/tiny-phi3"))
        let plan = try ConversionPlan(source, options: ConversionOptions(type: type))
        try Converter(plan).run(to: conversions.output, threads: 2)
        let file = try GGUFFile(path: conversions.output)
        #expect(file.metadata.pairs.map(\.key) == golden.metadata.map(\.key))
        for (key, value) in golden.metadata {
            #expect(file.metadata[key].map(ConvertedGolden.Value.init) == value, "\(key)")
        }
        #expect(file.tensors.map(\.name) == golden.tensors.map(\.name))
        for (tensor, expected) in zip(file.tensors, golden.tensors) {
            let bytes = try file.content(tensor.name)
            #expect(tensor.type.name == expected.type && tensor.shape.dimensions == expected.shape, "\(tensor.name)")
            #expect(SHA256Digest(of: bytes).description == expected.digest, "\(tensor.name)")
        }
        #expect(try SHA256Digest(ofFile: conversions.output).description == golden.digest)
    }

    @Test(arguments: [1, 2, 7])
    func theBytesDoNotDependOnTheThreads(_ threads: Int) throws {
        let source = try HuggingFaceFolder(path: Goldens.packageRoot.appending("models/tiny-phi3"))
        let plan = try ConversionPlan(source, options: ConversionOptions(type: .f16))
        try Converter(plan).run(to: conversions.output, threads: threads)
        #expect(try SHA256Digest(ofFile: conversions.output).description == ConvertedGolden(.f16).digest)
    }

    @Test(arguments: ConvertedType.allCases)
    func shardsGiveTheFileThatOneFileGives(_ type: ConvertedType) throws {
        for checkpoint in try [SmallCheckpoint.phi3(), .llama()] {
            let single = try Conversions()
            _ = try single.convert(checkpoint, type)
            let sharded = try Conversions()
            _ = try sharded.convert(checkpoint, type, shards: 3)
            #expect(try SHA256Digest(ofFile: single.output) == SHA256Digest(ofFile: sharded.output))
        }
    }

    @Test(arguments: [("BF16", .bf16), ("F16", .f16), ("F32", .f32)] as [(String, TensorType)])
    func withoutATypeMatricesKeepTheirOwn(_ dtype: String, _ type: TensorType) throws {
        var checkpoint = SmallCheckpoint.llama()
        let shapes = checkpoint.tensors.map { ($0.name, $0.shape) }
        checkpoint.tensors = []
        for (name, shape) in shapes { checkpoint.add(name, shape, dtype: dtype) }
        let file = try conversions.convert(checkpoint)
        #expect(file.tensor(named: "blk.0.attn_v.weight")?.type == type)
        #expect(try file.content("blk.0.attn_v.weight") == checkpoint.tensors[9].bytes)
        #expect(file.tensor(named: "output_norm.weight")?.type == .f32)
    }

    @Test func eightBitsAreForRowsOfWholeBlocks() throws {
        var checkpoint = SmallCheckpoint.llama()
        let file = try conversions.convert(checkpoint, .q8_0)
        #expect(file.tensor(named: "blk.0.ffn_down.weight")?.type == .q8_0)
        checkpoint.tensors.remove(at: 2)
        checkpoint.add("model.layers.0.mlp.down_proj.weight", [256, 24])
        let narrow = try Conversions().convert(checkpoint, .q8_0)
        #expect(narrow.tensor(named: "blk.0.ffn_down.weight")?.type == .f16)
    }

    @Test(arguments: [Float(65520), -1e30])
    func aNumberBeyondHalfPrecisionIsRefusedWithItsTensor(_ value: Float) throws {
        var checkpoint = SmallCheckpoint.llama()
        checkpoint.tensors[9].bytes.replaceSubrange(10..<12, with: bytes(BrainFloat.encode(value)))
        #expect(
            try conversions.problem(checkpoint, .f16)
                == .notRepresentable(tensor: "blk.0.attn_v.weight", type: "F16")
        )
    }

    private func bytes(_ number: UInt16) -> [UInt8] { [UInt8(number & 0xff), UInt8(number >> 8)] }

    @Test func aRunThatIsStoppedLeavesNoFile() throws {
        struct Stopped: Error {}
        let folder = try SmallCheckpoint.phi3().write(into: conversions.folder)
        let plan = try ConversionPlan(HuggingFaceFolder(path: folder))
        #expect(throws: Stopped.self) {
            try Converter(plan).run(to: conversions.output, threads: 2) { done, total in
                if done > total / 2 { throw Stopped() }
            }
        }
        #expect(try conversions.folder.names == ["model"])
    }
}
