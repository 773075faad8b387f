import Conversion
import GGUF
import SystemPackage
import TestSupport
import Testing

/// Merging against sums in double precision; scripts/compare-lora.py compares with PEFT.
@Suite struct AdapterMergeTests {
    private static let values = "\(SmallAdapter.layer).self_attn.v_proj"

    private func converted(
        _ adapters: [(SmallAdapter, Float)],
        _ checkpoint: SmallCheckpoint = .llama(),
        threads: Int = 2
    ) throws -> GGUFFile {
        let folder = try ScratchFolder()
        let references = try adapters.enumerated().map { index, adapter in
            AdapterReference(folder: try adapter.0.write(into: folder, named: "lora-\(index)"), scale: adapter.1)
        }
        let model = try HuggingFaceFolder(path: checkpoint.write(into: folder))
        let plan = try ConversionPlan(model, options: ConversionOptions(type: .f32, adapters: references))
        let output = folder.path.appending("out.gguf")
        try Converter(plan).run(to: output, threads: threads)
        return try GGUFFile(path: output)
    }

    private func problem(_ adapter: SmallAdapter) throws -> ConversionProblem? {
        #expect(throws: ConversionError.self) { _ = try converted([(adapter, 1)]) }?.problem
    }

    private func distance(_ found: [Float], _ expected: [Double]) -> Double {
        #expect(found.count == expected.count)
        return zip(found, expected).reduce(0) { max($0, abs(Double($1.0) - $1.1)) }
    }

    /// Strength by rank, by its root, by a pattern, and by the share that is asked for.
    @Test(
        arguments: [
            ([:], 1, 4), (["use_rslora": "true"], 1, 8), (["alpha_pattern": #"{"self_attn\\.[kv]_proj":2}"#], 1, 0.5),
            (["alpha_pattern": #"{"v":2}"#], 1, 4), ([:], -0.25, -1),
        ] as [([String: String], Float, Double)]
    )
    func anUpdateIsAddedWithItsStrength(_ settings: [String: String], _ scale: Float, _ strength: Double) throws {
        var adapter = SmallAdapter.ofValues()
        adapter.config.merge(settings) { $1 }
        let base = try converted([]).floats("blk.0.attn_v.weight")
        let found = try converted([(adapter, scale)])
        let expected = adapter.merged(base, Self.values, strength: strength)
        #expect(distance(try found.floats("blk.0.attn_v.weight"), expected) < 1e-5)
        let (others, plain) = (
            try found.content("blk.0.attn_q.weight"), try converted([]).content("blk.0.attn_q.weight")
        )
        #expect(others == plain)
    }

    @Test func severalAdaptersAddUpAndTheBytesDoNotDependOnThreads() throws {
        let adapter = SmallAdapter.ofValues()
        let base = try converted([]).floats("blk.0.attn_v.weight")
        let found = try converted([(adapter, 1), (adapter, 0.5)], threads: 1)
        let expected = adapter.merged(base, Self.values, strength: 6)
        #expect(distance(try found.floats("blk.0.attn_v.weight"), expected) < 1e-5)
        let parallel = try converted([(adapter, 1), (adapter, 0.5)], threads: 7)
        #expect(try parallel.content("blk.0.attn_v.weight") == found.content("blk.0.attn_v.weight"))
    }

    /// Rows of queries change places on the way to GGUF.
    @Test func updatesFollowRowsThatChangePlaces() throws {
        let module = "\(SmallAdapter.layer).self_attn.q_proj"
        var adapter = SmallAdapter()
        adapter.update(module, rows: 256, columns: 256)
        func inOrder(_ rows: [Float]) -> [Float] {
            var ordered = rows
            for row in 0..<256 {
                let source = RowOrder.interleavedHalves(headCount: 4).source(of: row, rowCount: 256, matrixRows: 256)
                for column in 0..<256 { ordered[source * 256 + column] = rows[row * 256 + column] }
            }
            return ordered
        }
        let base = inOrder(try converted([]).floats("blk.0.attn_q.weight"))
        let found = inOrder(try converted([(adapter, 1)]).floats("blk.0.attn_q.weight"))
        #expect(distance(found, adapter.merged(base, module, strength: 4)) < 1e-5)
    }

    @Test func embeddingsAreUpdatedByTheirRows() throws {
        var adapter = SmallAdapter()
        adapter.contents.add("base_model.model.model.embed_tokens.lora_embedding_A", [4, 4], dtype: "F32")
        adapter.contents.add("base_model.model.model.embed_tokens.lora_embedding_B", [256, 4], dtype: "F32")
        let a = adapter.floats("base_model.model.model.embed_tokens.lora_embedding_A")
        let b = adapter.floats("base_model.model.model.embed_tokens.lora_embedding_B")
        let base = try converted([]).floats("token_embd.weight")
        let expected = base.indices.map { index in
            let (token, column) = index.quotientAndRemainder(dividingBy: 256)
            let sum = (0..<4).reduce(0) { $0 + Double(a[$1 * 4 + token]) * Double(b[column * 4 + $1]) }
            return Double(base[index]) + 4 * sum
        }
        #expect(distance(try converted([(adapter, 1)]).floats("token_embd.weight"), expected) < 1e-5)
    }

    @Test func magnitudesSetTheLengthsOfRows() throws {
        var adapter = SmallAdapter.ofValues()
        adapter.config["use_dora"] = "true"
        adapter.contents.add("\(Self.values).lora_magnitude_vector", [128], dtype: "F32")
        let magnitudes = adapter.floats("\(Self.values).lora_magnitude_vector")
        let found = try converted([(adapter, 1)]).floats("blk.0.attn_v.weight")
        for row in 0..<128 {
            let length = found[(row * 256)..<((row + 1) * 256)].reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
            #expect(abs(length - Double(abs(magnitudes[row]))) < 1e-5)
        }
    }

    @Test func wholeTensorsTakeTheBasesPlace() throws {
        var adapter = SmallAdapter.ofValues()
        adapter.contents.add("base_model.model.model.norm.weight", [256], dtype: "F32")
        let found = try converted([(adapter, 1)]).floats("output_norm.weight")
        #expect(found == adapter.floats("base_model.model.model.norm.weight"))
    }

    @Test func anAdapterOfAnotherModelIsRefused() throws {
        var stray = SmallAdapter()
        stray.update("\(SmallAdapter.layer).self_attn.qkv_proj", rows: 8, columns: 8)
        #expect(try problem(stray) == .foreignAdapter(tensor: "model.layers.0.self_attn.qkv_proj.weight"))
        var wide = SmallAdapter()
        wide.update(Self.values, rows: 128, columns: 128)
        #expect(
            try problem(wide)
                == .otherBase(tensor: "\(Self.values).lora_B.weight", found: [128, 128], expected: [128, 256])
        )
        var longer = SmallAdapter()
        longer.contents.add("base_model.model.model.embed_tokens.weight", [5, 256])
        #expect(
            try problem(longer)
                == .grownWithoutTokenizer(tensor: "model.embed_tokens.weight", rows: 5, tokens: 4)
        )
    }

    @Test(arguments: [
        ["peft_type": #""IA3""#], ["lora_alpha": "null"], ["lora_alpha": "0"], ["lora_alpha": "NaN"],
        ["lora_alpha": #""much""#], ["alpha_pattern": #"{"(":1}"#],
        ["alpha_pattern": #"{"v":"x"}"#], ["layer_replication": "[[0,2]]"], ["target_parameters": #"["experts"]"#],
        ["init_lora_weights": #""pissa""#], ["use_dora": "true"], ["alora_invocation_tokens": "[1]"],
    ])
    func settingsThatMeanAnotherModelAreRefused(_ settings: [String: String]) throws {
        var adapter = SmallAdapter.ofValues()
        adapter.config.merge(settings) { $1 }
        #expect(try problem(adapter) != nil)
    }

    @Test func tensorsWithoutAPartnerOrAMeaningAreRefused() throws {
        var half = SmallAdapter.ofValues()
        half.contents.tensors.removeFirst()
        #expect(try problem(half) != nil)
        var uneven = SmallAdapter()
        uneven.contents.add("\(Self.values).lora_A.weight", [4, 256])
        uneven.contents.add("\(Self.values).lora_B.weight", [128, 3])
        #expect(try problem(uneven) != nil)
        var unknown = SmallAdapter.ofValues()
        unknown.contents.add("\(Self.values).lora_E", [4])
        #expect(try problem(unknown) != nil)
        var none = SmallAdapter()
        none.contents.add("\(Self.values).lora_A.weight", [0, 256])
        none.contents.add("\(Self.values).lora_B.weight", [128, 0])
        #expect(try problem(none) != nil)
    }

    @Test func aFolderWithoutAnAdapterIsRefused() throws {
        let folder = try ScratchFolder()
        let model = try HuggingFaceFolder(path: SmallCheckpoint.llama().write(into: folder))
        let reference = AdapterReference(folder: model.path)
        let error = #expect(throws: ConversionError.self) {
            _ = try ConversionPlan(model, options: ConversionOptions(adapters: [reference]))
        }
        #expect(error?.problem == .missingFile("adapter_config.json"))
    }
}
