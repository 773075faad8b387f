import BinaryIO
import Conversion
import GGUF
import SystemPackage
import TestSupport
import Testing

/// Adapters are held against the model that they are for, whether they are merged or written by themselves.
@Suite struct AdapterCheckTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    /// What both ways say, which must be the same.
    private func problem(_ adapter: SmallAdapter, _ base: SmallCheckpoint = .llama()) throws -> ConversionProblem? {
        let reference = AdapterReference(folder: try adapter.write(into: folder))
        let model = try HuggingFaceFolder(path: base.write(into: folder))
        let alone = #expect(throws: ConversionError.self) {
            _ = try ConversionPlan(adapter: reference, of: model, type: .f32)
        }
        let merged = #expect(throws: ConversionError.self) {
            _ = try ConversionPlan(model, options: ConversionOptions(type: .f32, adapters: [reference]))
        }
        // A fault of the base model's is named by the tensor that is looked at.
        if case .wrongShape? = alone?.problem { return merged?.problem }
        #expect(alone?.problem == merged?.problem)
        return alone?.problem
    }

    /// Four heads: three rows are less than one for each.
    @Test(arguments: ["q_proj", "k_proj"])
    func fewerRowsThanHeadsAreRefused(_ module: String) throws {
        var adapter = SmallAdapter()
        adapter.update("\(SmallAdapter.layer).self_attn.\(module)", rows: 3, columns: 256, rank: 1)
        guard case .otherBase(_, [3, 256], _)? = try problem(adapter) else {
            Issue.record("no word of the shape")
            return
        }
    }

    /// The model's own rows may be wrong too.
    @Test func rowsThatHeadsCannotShareAreRefusedInTheBaseToo() throws {
        var base = SmallCheckpoint.llama()
        base.tensors.removeAll { $0.name.contains("q_proj") }
        base.add("model.layers.0.self_attn.q_proj.weight", [3, 256])
        var adapter = SmallAdapter()
        adapter.update("\(SmallAdapter.layer).self_attn.q_proj", rows: 3, columns: 256, rank: 1)
        guard case .wrongShape(_, _, "a first dimension that 4 heads share")? = try problem(adapter, base) else {
            Issue.record("no word of the heads")
            return
        }
    }

    @Test func anAdapterOfAnotherWidthIsRefused() throws {
        var adapter = SmallAdapter()
        adapter.update("\(SmallAdapter.layer).self_attn.v_proj", rows: 64, columns: 128)
        let tensor = "\(SmallAdapter.layer).self_attn.v_proj.lora_B.weight"
        #expect(try problem(adapter) == .otherBase(tensor: tensor, found: [64, 128], expected: [128, 256]))
    }

    @Test func aVocabularyThatGrewIsToldFromAnotherModel() throws {
        var adapter = SmallAdapter()
        adapter.contents.add("base_model.model.model.embed_tokens.lora_embedding_A", [4, 6], dtype: "F32")
        adapter.contents.add("base_model.model.model.embed_tokens.lora_embedding_B", [256, 4], dtype: "F32")
        let tensor = "base_model.model.model.embed_tokens.lora_embedding_B"
        #expect(try problem(adapter) == .grownVocabulary(tensor: tensor, tokens: 6, base: 4))
    }

    /// Gemma reads its output from the embeddings, whatever else the file holds.
    @Test(arguments: ["gemma", "gemma2", "gemma3"])
    func anUpdateThatTheOutputHasNoPlaceForIsRefused(_ family: String) throws {
        var base = try FamilyGolden(family).checkpoint()
        let table = try #require(base.tensors.first { $0.name.hasSuffix("embed_tokens.weight") })
        base.add("lm_head.weight", table.shape)
        var update = SmallAdapter()
        update.update("base_model.model.lm_head", rows: table.shape[0], columns: table.shape[1])
        var saved = SmallAdapter()
        saved.contents.add("base_model.model.lm_head.modules_to_save.weight", table.shape)
        for adapter in [update, saved] {
            #expect(try problem(adapter, base) == .lostUpdate(tensor: "lm_head.weight", architecture: family))
        }
    }

    @Test func anAdapterOfNothingIsRefused() throws {
        var vision = SmallAdapter()
        vision.update("base_model.model.vision_tower.layers.0.q_proj", rows: 8, columns: 8)
        let reasons = try [SmallAdapter(), vision].map { try problem($0)?.explanation ?? "" }
        #expect(reasons[0].contains("it has no tensors"))
        #expect(reasons[1].contains("only what sees or hears"))
    }

    /// Beside layers of text, those of other senses are left out as the model's own are.
    @Test func otherSensesBesideTextAreLeftOut() throws {
        var adapter = SmallAdapter.ofValues()
        adapter.update("base_model.model.vision_tower.layers.0.q_proj", rows: 8, columns: 8)
        let reference = AdapterReference(folder: try adapter.write(into: folder))
        let model = try HuggingFaceFolder(path: SmallCheckpoint.llama().write(into: folder))
        #expect(try ConversionPlan(adapter: reference, of: model, type: .f32).layout.tensors.count == 2)
    }

    @Test func numbersThatAreNoneAreRefusedWithTheirPlace() throws {
        var adapter = SmallAdapter.ofValues()
        adapter.contents.tensors[1].bytes.replaceSubrange(20..<24, with: [0, 0, 0xc0, 0x7f])
        let tensor = "\(SmallAdapter.layer).self_attn.v_proj.lora_B.weight"
        #expect(try problem(adapter) == .notFinite(tensor: tensor, element: 5))
    }

    @Test func twoAdaptersCannotReplaceOneTensor() throws {
        var adapter = SmallAdapter.ofValues()
        adapter.contents.add("base_model.model.model.norm.weight", [256], dtype: "F32")
        let references = try ["a", "b"].map { AdapterReference(folder: try adapter.write(into: folder, named: $0)) }
        let model = try HuggingFaceFolder(path: SmallCheckpoint.llama().write(into: folder))
        let error = #expect(throws: ConversionError.self) {
            _ = try ConversionPlan(model, options: ConversionOptions(adapters: references))
        }
        #expect(error?.description.contains("another adapter replaces 'model.norm.weight' too") == true)
    }

    /// Both change, and somebody may not expect it.
    @Test func embeddingsThatAlsoGiveTheOutputAreNoted() throws {
        var adapter = SmallAdapter()
        adapter.contents.add("base_model.model.model.embed_tokens.modules_to_save.weight", [4, 256])
        let reference = AdapterReference(folder: try adapter.write(into: folder))
        let model = try HuggingFaceFolder(path: SmallCheckpoint.llama().write(into: folder))
        let plan = try ConversionPlan(model, options: ConversionOptions(adapters: [reference]))
        #expect(plan.notes.contains { $0.contains("'model.embed_tokens.weight', which also gives the output") })
    }

    // MARK: What is no adapter's folder

    private func problem(in adapter: FilePath) throws -> ConversionProblem? {
        let model = try HuggingFaceFolder(path: SmallCheckpoint.llama().write(into: folder))
        return #expect(throws: ConversionError.self) {
            _ = try ConversionPlan(adapter: AdapterReference(folder: adapter), of: model, type: .f32)
        }?.problem
    }

    @Test func otherFormatsAreCalledByTheirNames() throws {
        try folder.write(#"{"peft_type":"LORA","lora_alpha":1}"#, to: "bin/adapter_config.json")
        try folder.write("", to: "bin/adapter_model.bin")
        #expect(try problem(in: folder.appending("bin")) == .pickledAdapter("adapter_model.bin"))
        try folder.write(#"{"fine_tune_type":"lora","lora_parameters":{"rank":8}}"#, to: "mlx/adapter_config.json")
        try folder.write("", to: "mlx/adapters.safetensors")
        #expect(try problem(in: folder.appending("mlx")) == .foreignAdapterFormat("MLX"))
        let file = try SmallAdapter.ofValues().write(into: folder).appending("adapter_model.safetensors")
        #expect(try problem(in: file) == .fileInPlaceOfFolder)
    }

    @Test func anAdaptersFolderIsNoModel() throws {
        let path = try SmallAdapter.ofValues().write(into: folder)
        let error = #expect(throws: ConversionError.self) { _ = try HuggingFaceFolder(path: path) }
        #expect(error?.problem == .adapterInPlaceOfModel)
        #expect(error?.description.contains("'lora'") == true)
    }
}
