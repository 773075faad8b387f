import BinaryIO
import Conversion
import GGUF
import SystemPackage
import Tensors
import TestSupport
import Testing

/// Adapters merged into a GGUF file of their model, against what merging them into its Hugging Face folder gives;
/// scripts/compare-lora.py compares with llama-export-lora.
@Suite struct FileMergeTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    private var base: FilePath { folder.path.appending("base.gguf") }
    private var output: FilePath { folder.path.appending("out.gguf") }

    private func convert(
        _ checkpoint: SmallCheckpoint,
        _ type: ConvertedType,
        _ adapters: [AdapterReference] = [],
        to path: FilePath
    ) throws {
        let model = try HuggingFaceFolder(path: checkpoint.write(into: folder))
        let plan = try ConversionPlan(model, options: ConversionOptions(type: type, adapters: adapters))
        try Converter(plan).run(to: path, threads: 2)
    }

    private func merge(_ adapters: [AdapterReference], _ type: ConvertedType? = nil, threads: Int = 2) throws
        -> GGUFFile
    {
        let plan = try ConversionPlan(
            GGUFModel(path: base),
            merging: adapters,
            options: ConversionOptions(type: type)
        )
        try Converter(plan).run(to: output, threads: threads)
        return try GGUFFile(path: output)
    }

    private func bytes(_ path: FilePath) throws -> [UInt8] { try readFile(path, limit: 1 << 28) }

    /// Updates of all matrices in layers, as Hugging Face calls them.
    private func adapter(of checkpoint: SmallCheckpoint, withMagnitudes: Bool) -> SmallAdapter {
        var adapter = SmallAdapter()
        for tensor in checkpoint.tensors where tensor.shape.count == 2 && tensor.name.hasSuffix(".weight") {
            guard ["layer", "transformer.h."].contains(where: tensor.name.contains), tensor.dtype != "U8",
                !["vis", "norm", "per_layer_"].contains(where: tensor.name.contains)
            else { continue }
            let module = "base_model.model.\(tensor.name.dropLast(".weight".count))"
            let isTurned = ["c_attn", "c_proj", "c_fc"].contains(where: module.hasSuffix)
            let (rows, columns) = (tensor.shape[isTurned ? 1 : 0], tensor.shape[isTurned ? 0 : 1])
            adapter.update(module, rows: rows, columns: columns, rank: 2)
            if withMagnitudes { adapter.contents.add("\(module).lora_magnitude_vector", [rows], dtype: "F32") }
        }
        if withMagnitudes { adapter.config["use_dora"] = "true" }
        return adapter
    }

    /// Rows that change places, matrices on their sides, stacks of experts, halves, heads in tiles.
    @Test(arguments: try FamilyGolden.names, [false, true])
    func everyFamilysFileBecomesWhatItsFolderDoes(_ name: String, _ withMagnitudes: Bool) throws {
        let checkpoint = try FamilyGolden(name).checkpoint()
        let path = try adapter(of: checkpoint, withMagnitudes: withMagnitudes).write(into: folder)
        let reference = AdapterReference(folder: path)
        try convert(checkpoint, .f32, to: base)
        guard !name.hasPrefix("falcon-h1"), try GGUFFile(path: base).tensors.allSatisfy({ !$0.type.isQuantized }) else {
            #expect(throws: ConversionError.self) { _ = try merge([reference]) }
            return
        }
        let expected = folder.path.appending("expected.gguf")
        try convert(checkpoint, .f32, [reference], to: expected)
        let plain = try bytes(base)
        let found = try merge([reference])
        #expect(found.tensors.count == (try GGUFFile(path: expected)).tensors.count)
        let isEqual = try bytes(output) == bytes(expected)
        let isChanged = try bytes(output) != plain
        #expect(isEqual && isChanged)
    }

    @Test(
        arguments: [
            (["use_rslora": "true"], 1), (["alpha_pattern": #"{"q_proj":2}"#], 0.5), ([:], -0.25),
        ] as [([String: String], Float)]
    )
    func strengthsEmbeddingsAndWholeTensorsAreThoseOfTheFolder(_ settings: [String: String], _ scale: Float) throws {
        var adapter = SmallAdapter.ofValues()
        adapter.config.merge(settings) { $1 }
        adapter.update("\(SmallAdapter.layer).self_attn.q_proj", rows: 256, columns: 256, rank: 3)
        adapter.contents.add("base_model.model.model.embed_tokens.lora_embedding_A", [4, 4], dtype: "F32")
        adapter.contents.add("base_model.model.model.embed_tokens.lora_embedding_B", [256, 4], dtype: "F32")
        adapter.contents.add("base_model.model.model.norm.weight", [256], dtype: "F32")
        adapter.contents.add("\(SmallAdapter.layer).self_attn.k_proj.modules_to_save.weight", [128, 256], dtype: "F32")
        let references = [
            AdapterReference(folder: try adapter.write(into: folder), scale: scale),
            AdapterReference(folder: try SmallAdapter.ofValues().write(into: folder, named: "second")),
        ]
        for type in [ConvertedType.f32, .f16, .q8_0] {
            try convert(.llama(), .f32, to: base)
            let expected = folder.path.appending("expected.gguf")
            try convert(.llama(), type, references, to: expected)
            _ = try merge(references, type)
            let isEqual = try bytes(output) == bytes(expected)
            #expect(isEqual, "\(type)")
        }
    }

    /// The file's own number and the update in single precision, rounded once, in any number of threads.
    @Test(arguments: [ConvertedType.f16, .bf16])
    func halfPrecisionIsRoundedOnce(_ type: ConvertedType) throws {
        var checkpoint = SmallCheckpoint.llama()
        checkpoint.tensors.removeAll { $0.name.contains("v_proj") }
        checkpoint.add("model.layers.0.self_attn.v_proj.weight", [128, 256], dtype: "F32")
        try convert(checkpoint, type, to: base)
        let adapter = SmallAdapter.ofValues()
        let reference = AdapterReference(folder: try adapter.write(into: folder))
        let single = try merge([reference], .f32)
        let before = try halves(GGUFFile(path: base), type)
        let expected = adapter.merged(before, "\(SmallAdapter.layer).self_attn.v_proj", strength: 4)
        let sums = try single.floats("blk.0.attn_v.weight")
        #expect(zip(sums, expected).allSatisfy { abs(Double($0) - $1) < 1e-5 })
        let found = try merge([reference], threads: 1)
        let rounded = sums.map {
            type == .f16 ? HalfFloat.decode(HalfFloat.encode($0)) : BrainFloat.decode(BrainFloat.encode($0))
        }
        #expect(try halves(found, type) == rounded)
        let alone = try bytes(output)
        _ = try merge([reference], threads: 7)
        #expect(try bytes(output) == alone)
        #expect(found.metadata == (try GGUFFile(path: base)).metadata)
    }

    private func halves(_ file: GGUFFile, _ type: ConvertedType) throws -> [Float] {
        try file.content("blk.0.attn_v.weight").withUnsafeBytes { bytes in
            bytes.bindMemory(to: UInt16.self).map { type == .f16 ? HalfFloat.decode($0) : BrainFloat.decode($0) }
        }
    }

    // MARK: Adapters that are GGUF files themselves

    @Test(arguments: ["llama", "gemma2", "qwen3", "phi3"])
    func anAdaptersFileIsMergedAsItsFolderIs(_ family: String) throws {
        let checkpoint = family == "llama" ? SmallCheckpoint.llama() : try FamilyGolden(family).checkpoint()
        let path = try adapter(of: checkpoint, withMagnitudes: false).write(into: folder)
        let reference = AdapterReference(folder: path)
        try convert(checkpoint, .f32, to: base)
        let model = try HuggingFaceFolder(path: checkpoint.write(into: folder))
        let alone = folder.path.appending("adapter.gguf")
        try Converter(ConversionPlan(adapter: reference, of: model, type: .f32)).run(to: alone, threads: 1)
        _ = try merge([reference])
        let expected = try bytes(output)
        _ = try merge([AdapterReference(folder: alone)])
        #expect(try bytes(output) == expected)
        let error = #expect(throws: ConversionError.self) {
            _ = try ConversionPlan(model, options: ConversionOptions(adapters: [AdapterReference(folder: alone)]))
        }
        #expect(error?.problem == .adapterFileForFolder)
    }

    /// Of embeddings, the matrix that tokens are looked up in lies on its side.
    @Test func anAdaptersFileOfEmbeddingsIsMergedByRows() throws {
        var adapter = SmallAdapter()
        adapter.contents.add("base_model.model.model.embed_tokens.lora_embedding_A", [2, 4], dtype: "F32")
        adapter.contents.add("base_model.model.model.embed_tokens.lora_embedding_B", [256, 2], dtype: "F32")
        let reference = AdapterReference(folder: try adapter.write(into: folder))
        try convert(.llama(), .f32, to: base)
        let alone = folder.path.appending("adapter.gguf")
        let model = try HuggingFaceFolder(path: SmallCheckpoint.llama().write(into: folder))
        try Converter(ConversionPlan(adapter: reference, of: model, type: .f32)).run(to: alone, threads: 1)
        _ = try merge([reference])
        let expected = try bytes(output)
        _ = try merge([AdapterReference(folder: alone)])
        #expect(try bytes(output) == expected)
    }

    // MARK: What is refused

    private func problem(_ adapter: SmallAdapter, _ checkpoint: SmallCheckpoint = .llama()) throws -> ConversionProblem?
    {
        let reference = AdapterReference(folder: try adapter.write(into: folder))
        try convert(checkpoint, .f32, to: base)
        let error = #expect(throws: ConversionError.self) { _ = try merge([reference]) }
        #expect(try !folder.names.contains("out.gguf"))
        return error?.problem
    }

    @Test func aQuantizedBaseIsRefusedByATensorsName() throws {
        try convert(.llama(), .q8_0, to: base)
        let reference = AdapterReference(folder: try SmallAdapter.ofValues().write(into: folder))
        let error = #expect(throws: ConversionError.self) { _ = try merge([reference]) }
        #expect(error?.problem == .quantizedBase(tensor: "token_embd.weight", type: "q8_0"))
        #expect(error?.description.contains("f16 or bf16 file of the model") == true)
    }

    @Test func anAdapterOfAnotherModelIsRefused() throws {
        let values = "\(SmallAdapter.layer).self_attn.v_proj"
        var stray = SmallAdapter()
        stray.update("\(SmallAdapter.layer).self_attn.qkv_proj", rows: 8, columns: 8)
        #expect(try problem(stray) == .foreignAdapter(tensor: "model.layers.0.self_attn.qkv_proj.weight"))
        var deep = SmallAdapter()
        deep.update("base_model.model.model.layers.1.self_attn.v_proj", rows: 128, columns: 256)
        #expect(try problem(deep) == .foreignAdapter(tensor: "model.layers.1.self_attn.v_proj.weight"))
        var wide = SmallAdapter()
        wide.update(values, rows: 128, columns: 128)
        #expect(
            try problem(wide)
                == .otherBase(tensor: "\(values).lora_B.weight", found: [128, 128], expected: [128, 256])
        )
        var head = SmallAdapter()
        head.update("base_model.model.lm_head", rows: 4, columns: 256)
        #expect(try problem(head) == .foreignAdapter(tensor: "lm_head.weight"))
        var longer = SmallAdapter()
        longer.contents.add("base_model.model.model.embed_tokens.weight", [5, 256])
        #expect(
            try problem(longer)
                == .grownBeyondFile(tensor: "base_model.model.model.embed_tokens.weight", tokens: 5, base: 4)
        )
        var gemma = SmallAdapter()
        gemma.contents.add("base_model.model.lm_head.modules_to_save.weight", [4, 4])
        #expect(
            try problem(gemma, FamilyGolden("gemma2").checkpoint())
                == .lostUpdate(tensor: "lm_head.weight", architecture: "gemma2")
        )
    }

    /// What multiplied the weights on their way is not in the file.
    @Test func aFileThatTellsTooLittleIsRefused() throws {
        let checkpoint = try FamilyGolden("falcon-h1").checkpoint()
        let problem = try problem(adapter(of: checkpoint, withMagnitudes: false), checkpoint)
        guard case .baseTellsTooLittle(_, "falcon-h1")? = problem else {
            Issue.record("\(String(describing: problem))")
            return
        }
    }

    @Test func anAdapterIsNoBase() throws {
        let model = try HuggingFaceFolder(path: SmallCheckpoint.llama().write(into: folder))
        let reference = AdapterReference(folder: try SmallAdapter.ofValues().write(into: folder))
        try Converter(ConversionPlan(adapter: reference, of: model, type: .f32)).run(to: base, threads: 1)
        #expect(throws: GGUFError.self) { _ = try merge([reference]) }
        try convert(.llama(), .f32, to: folder.path.appending("model.gguf"))
        let error = #expect(throws: ConversionError.self) {
            _ = try ConversionPlan(
                GGUFModel(path: folder.path.appending("model.gguf")),
                merging: [AdapterReference(folder: folder.path.appending("model.gguf"))]
            )
        }
        #expect(error?.description.contains("holds no LoRA adapter") == true)
    }
}
