import Conversion
import GGUF
import SystemPackage
import Tensors
import TestSupport
import Testing

/// Infinities and NaN in a checkpoint, whatever it has them in and whatever it becomes.
@Suite struct NonFiniteTests {
    /// The bytes of what is no number, and of infinity, by the type that has them.
    private static let codes: [(dtype: String, code: [UInt8])] = [
        ("F16", [0, 0x7e]), ("F16", [0, 0xfc]), ("BF16", [0xc0, 0x7f]), ("BF16", [0x80, 0xff]),
        ("F32", [0, 0, 0xc0, 0x7f]), ("F32", [0, 0, 0x80, 0xff]),
    ]

    private func checkpoint(_ name: String, _ dtype: String, at element: Int, _ code: [UInt8]) throws -> SmallCheckpoint
    {
        var checkpoint = SmallCheckpoint.llama()
        let index = try #require(checkpoint.tensors.firstIndex { $0.name == name })
        let shape = checkpoint.tensors.remove(at: index).shape
        checkpoint.add(name, shape, dtype: dtype)
        let start = element * code.count
        checkpoint.tensors[checkpoint.tensors.count - 1].bytes.replaceSubrange(start..<(start + code.count), with: code)
        return checkpoint
    }

    @Test(arguments: NonFiniteTests.codes, ConvertedType.allCases)
    func theyAreRefusedWithTensorAndPlace(_ number: (dtype: String, code: [UInt8]), _ type: ConvertedType) throws {
        // A matrix as it is, one whose rows change places, and a vector.
        for (name, element) in [("mlp.up_proj", 24_575), ("self_attn.q_proj", 300), ("input_layernorm", 255)] {
            let tensor = "model.layers.0.\(name).weight"
            let checkpoint = try checkpoint(tensor, number.dtype, at: element, number.code)
            #expect(try Conversions().problem(checkpoint, type) == .notFinite(tensor: tensor, element: element))
        }
    }

    @Test func theLargestNumbersOfATypeAreNone() throws {
        for (dtype, code) in [("F16", [0xff, 0x7b]), ("BF16", [0x7f, 0x7f]), ("F32", [0xff, 0xff, 0x7f, 0x7f])] {
            let tensor = "model.layers.0.mlp.up_proj.weight"
            let checkpoint = try checkpoint(tensor, dtype, at: 3, code.map { UInt8($0) })
            #expect(try Conversions().convert(checkpoint, .f32).floats("blk.0.ffn_up.weight").allSatisfy(\.isFinite))
        }
    }

    @Test func thoseOfEightBitsAreFound() throws {
        for (dtype, code) in [("F8_E4M3", 0x7f), ("F8_E5M2", 0x7c)] as [(String, UInt8)] {
            var checkpoint = SmallCheckpoint.llama()
            let index = try #require(checkpoint.tensors.firstIndex { $0.name.contains("up_proj") })
            let (name, shape) = (checkpoint.tensors[index].name, checkpoint.tensors[index].shape)
            var bytes = [UInt8](repeating: 0x3c, count: shape.reduce(1, *))
            bytes[9] = code
            checkpoint.tensors[index] = .init(name: name, dtype: dtype, shape: shape, bytes: bytes)
            #expect(try Conversions().problem(checkpoint, .f16) == .notFinite(tensor: name, element: 9))
        }
    }

    @Test(arguments: [ConvertedType.f32, .f16, .bf16])
    func theyArePassedOnWhereSomebodyAsksForThem(_ type: ConvertedType) throws {
        let tensor = "model.layers.0.mlp.up_proj.weight"
        let folder = try ScratchFolder()
        let path = try checkpoint(tensor, "BF16", at: 7, [0xc0, 0x7f]).write(into: folder)
        var options = ConversionOptions(type: type)
        options.allowsNonFinite = true
        let output = folder.path.appending("out.gguf")
        try Converter(ConversionPlan(HuggingFaceFolder(path: path), options: options)).run(to: output, threads: 2)
        #expect(
            try GGUFFile(path: output).tensor(named: "blk.0.ffn_up.weight")?.type.name.lowercased() == type.rawValue
        )
    }

    /// Blocks share a scale, which one such number would take with it.
    @Test func blocksHaveNoPlaceForThem() throws {
        let tensor = "model.layers.0.self_attn.q_proj.weight"
        let folder = try ScratchFolder()
        let path = try checkpoint(tensor, "BF16", at: 7, [0xc0, 0x7f]).write(into: folder)
        var options = ConversionOptions(type: .q8_0)
        options.allowsNonFinite = true
        let plan = try ConversionPlan(HuggingFaceFolder(path: path), options: options)
        let error = #expect(throws: ConversionError.self) {
            try Converter(plan).run(to: folder.path.appending("out.gguf"), threads: 1)
        }
        #expect(error?.problem == .notRepresentable(tensor: "blk.0.attn_q.weight", type: "Q8_0"))
        #expect(try folder.names == ["model"])
    }

    /// The sum of two numbers that are fine may be none.
    @Test func anUpdateThatLeavesTheRangeIsRefused() throws {
        var adapter = SmallAdapter.ofValues()
        adapter.config["lora_alpha"] = "1e38"
        let folder = try ScratchFolder()
        let reference = AdapterReference(folder: try adapter.write(into: folder), scale: 1000)
        let model = try HuggingFaceFolder(path: SmallCheckpoint.llama().write(into: folder))
        let plan = try ConversionPlan(model, options: ConversionOptions(type: .f32, adapters: [reference]))
        let error = #expect(throws: ConversionError.self) {
            try Converter(plan).run(to: folder.path.appending("out.gguf"), threads: 1)
        }
        #expect(error?.problem == .outOfRange(tensor: "blk.0.attn_v.weight"))
    }
}
