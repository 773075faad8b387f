import DeviceFit
import TestSupport
import Testing

@Suite struct MemoryModelTests {
    private let estimator: FitEstimator
    private let phone: Device

    init() throws {
        estimator = FitEstimator(catalogue: try DeviceCatalogue())
        phone = try estimator.catalogue.device("galaxy-s23")
    }

    private func memory(_ model: ModelProfile, _ request: FitRequest, on id: String = "galaxy-s23") throws
        -> MemoryEstimate
    {
        try estimator.estimate(model, on: estimator.catalogue.device(id), request).memory
    }

    /// The logged caches at 2048 tokens and f16; MiB. Gemma's log shows the sliding layers alone: 22, and 8 for the rest.
    @Test(arguments: [
        (SampleModels.qwen25, 56), (SampleModels.qwen3, 224), (SampleModels.phi35, 768), (SampleModels.phi4Mini, 256),
        (SampleModels.smolLM2, 384), (SampleModels.gemma3, 30),
    ])
    func theCacheIsExactlyTheLoggedOne(_ model: ModelProfile, _ mebibytes: Int) throws {
        let cache = try memory(model, FitRequest(context: 2048)).kvCache
        #expect(cache.mid == mebibytes * SampleModels.mebibyte)
        #expect(cache.low == cache.mid && cache.high == cache.mid)
    }

    /// The log: 24 MiB of cache; and 10 layers that remember 2 tokens of 2048 numbers, whatever the context.
    @Test func convolutionsAddAConstantState() throws {
        let cache = try memory(SampleModels.lfm25, FitRequest(context: 2048)).kvCache.mid
        #expect(cache == 24 * SampleModels.mebibyte + 10 * 2 * 2048 * 4)
    }

    /// Bytes of 32 elements of each type; f16 takes 64.
    @Test(arguments: [("f16", 64), ("q8_0", 34), ("q5_1", 24), ("q5_0", 22), ("q4_1", 20), ("q4_0", 18), ("f32", 128)])
    func aQuantizedCacheShrinksByItsBlocks(_ type: String, _ blockBytes: Int) throws {
        let cache = try memory(SampleModels.qwen3, FitRequest(context: 2048, kvType: type)).kvCache.mid
        #expect(cache == 224 * SampleModels.mebibyte / 64 * blockBytes)
    }

    @Test func theCacheComesInBlocksOf256Cells() throws {
        let one = try memory(SampleModels.qwen3, FitRequest(context: 1)).kvCache.mid
        #expect(try memory(SampleModels.qwen3, FitRequest(context: 256)).kvCache.mid == one)
        #expect(try memory(SampleModels.qwen3, FitRequest(context: 257)).kvCache.mid == 2 * one)
    }

    /// Queries, keys and values are multiplied by matrices before a quantized cache takes them; heads of 96 elements are not. As
    /// llama.cpp 0c1e570 printed them with `-ctk q8_0 -ctv q8_0` for files of these shapes (scripts/compare-memory.py).
    @Test(arguments: [
        (SampleModels.qwen25, 305.75), (SampleModels.qwen3, 308.75), (SampleModels.smolLM2, 108.0),
        (SampleModels.llama3, 266.5), (SampleModels.phi35, 90.64),
    ])
    func aQuantizedCachesRotationIsCounted(_ model: ModelProfile, _ mebibytes: Double) throws {
        let buffer = try memory(model, FitRequest(context: 4096, kvType: "q8_0")).computeBuffer
        let found = Double(buffer.mid) / ByteSize.mebibyte
        #expect(abs(found - mebibytes) <= 0.011, "\(found)")
        let plain = try memory(model, FitRequest(context: 4096, kvType: "bf16")).computeBuffer
        #expect(try plain == memory(model, FitRequest(context: 4096)).computeBuffer)
    }

    /// In MiB, with two digits, as llama.cpp 0c1e570 printed them for files of these shapes (scripts/compare-memory.py).
    @Test(arguments: [
        (SampleModels.qwen25, 4096, 302.75), (SampleModels.qwen3, 4096, 304.75), (SampleModels.gemma3, 4096, 516.5),
        (SampleModels.smolLM2, 4096, 104.0), (SampleModels.llama3, 4096, 266.5), (SampleModels.gemma2, 4096, 513.5),
        (SampleModels.olmoe, 4096, 106.25), (SampleModels.qwenMoE, 4096, 329.0), (SampleModels.gpt2, 1024, 107.54),
        (SampleModels.phi35, 1024, 87.64), (SampleModels.phi35, 2048, 88.64), (SampleModels.phi35, 4096, 90.64),
        (SampleModels.phi35, 8192, 74.63), (SampleModels.lfm25, 1024, 141.01), (SampleModels.lfm25, 2048, 142.01),
        (SampleModels.lfm25, 4096, 144.01), (SampleModels.lfm25, 8192, 136.0),
    ])
    func theComputeBufferIsThePrintedOne(_ model: ModelProfile, _ context: Int, _ mebibytes: Double) throws {
        let buffer = try memory(model, FitRequest(context: context)).computeBuffer
        let found = Double(buffer.mid) / ByteSize.mebibyte
        #expect(abs(found - mebibytes) <= 0.011, "\(found)")
        #expect(buffer.low == buffer.mid && buffer.mid < buffer.high)
    }

    /// Profiles of older registries do not tell how a layer is put together; the family does, but for mixtures of experts,
    /// which were always estimated without norms on heads.
    @Test(
        arguments: [
            ("phi3", nil, .init(network: .gatedInOne, fusesQKV: true)), ("qwen3", nil, .init(normalizesHeads: true)),
            ("gemma2", nil, .init(hasPostNorms: true)),
            ("gemma3", nil, .init(normalizesHeads: true, hasPostNorms: true)),
            ("lfm2", nil, .init(normalizesHeads: true)),
            ("olmo2", nil, .init()), ("somebodys", nil, .init()), ("qwen3moe", .init(count: 8, used: 2), .init()),
        ] as [(String, ModelProfile.Experts?, ModelProfile.Graph)]
    )
    func profilesThatDoNotTellAreCompletedByTheFamily(
        _ architecture: String,
        _ experts: ModelProfile.Experts?,
        _ graph: ModelProfile.Graph
    ) throws {
        func buffer(_ graph: ModelProfile.Graph?) throws -> ByteRange {
            let model = SampleModels.model(
                architecture,
                layers: SampleModels.qwen3.layers,
                embedding: 2048,
                // Narrow, so that the layers decide.
                vocabulary: 300,
                experts: experts,
                graph: graph
            )
            return try memory(model, FitRequest(context: 2048)).computeBuffer
        }
        #expect(try buffer(nil) == buffer(graph))
    }

    /// The compute buffers that older versions logged on phones, in MiB at 2048 tokens: their masks were wider.
    @Test(arguments: [
        (SampleModels.qwen25, 302.75), (SampleModels.gemma3, 516.5), (SampleModels.phi4Mini, 418.8),
        (SampleModels.smolLM2, 104.0), (SampleModels.phi35, 90.6),
    ])
    func theComputeBufferIsNearTheLoggedOne(_ model: ModelProfile, _ mebibytes: Double) throws {
        let buffer = try memory(model, FitRequest(context: 2048)).computeBuffer
        #expect(abs(Double(buffer.mid) / ByteSize.mebibyte / mebibytes - 1) < 0.03)
    }

    @Test func aSmallerBatchIsTheCheapestSaving() throws {
        let full = try memory(SampleModels.gemma3, FitRequest(context: 2048, batch: 512)).computeBuffer.mid
        let quarter = try memory(SampleModels.gemma3, FitRequest(context: 2048, batch: 128)).computeBuffer.mid
        #expect(abs(Double(quarter * 4) / Double(full) - 1) < 0.001)
    }

    /// The log: 207.7 MiB mapped and 863.3 MiB repacked, 1071 MiB in all, of which 182.6 MiB are there twice.
    @Test func aTiedEmbeddingCountsTwiceWhereLayersAreRepacked() throws {
        let weights = try memory(SampleModels.qwen25, FitRequest(context: 2048)).weights
        #expect(abs(Double(weights.mid) / (1071 * ByteSize.mebibyte) - 1) < 0.03)
    }

    @Test func mappedWeightsMayNotCountOnAppleSystems() throws {
        let weights = try memory(SampleModels.phi35, FitRequest(), on: "iphone-15-pro").weights
        #expect(weights.low == 0)
        #expect(weights.mid == SampleModels.phi35.weightBytes)
    }

    @Test func onlyRepackedTypesAreOutOfReachForAndroid() throws {
        let mixed = SampleModels.model(
            "llama",
            layers: SampleModels.phi35.layers,
            embedding: 3072,
            vocabulary: 32_064,
            weightBytes: 1000,
            types: ["Q4_K": 500, "Q6_K": 200, "Q2_K": 200, "F32": 100],
            quantType: "Q4_K_M"
        )
        #expect(try memory(mixed, FitRequest()).weights.low == 700)
    }

    /// The cache never shrinks. The compute buffer may by a little: the allocator now and then places a larger graph better.
    @Test func moreContextNeverNeedsMuchLess() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SplitMix64(seed: seed)
        for model in [SampleModels.qwen25, SampleModels.gemma3, SampleModels.lfm25, SampleModels.phi35] {
            let contexts = (0..<50).map { _ in Int.random(in: 1...100_000, using: &random) }.sorted()
            let estimates = try contexts.map { try memory(model, FitRequest(context: $0)) }
            let caches = estimates.map(\.kvCache.mid)
            #expect(caches == caches.sorted(), "seed \(seed), \(model.architecture)")
            var most = 0
            for total in estimates.map(\.total.mid) {
                most = max(most, total)
                #expect(Double(total) > 0.99 * Double(most), "seed \(seed), \(model.architecture)")
            }
        }
    }

    @Test func fewerBitsNeverNeedMore() throws {
        let sizes = [4.5, 5.5, 6.6, 8.5, 16].map { bits -> Int in Int(1.5e9 * bits / 8) }
        let totals = try sizes.map { bytes in
            let model = SampleModels.model(
                "llama",
                layers: SampleModels.qwen3.layers,
                embedding: 2048,
                vocabulary: 32_000,
                weightBytes: bytes
            )
            return try memory(model, FitRequest()).total
        }
        for part in [\ByteRange.low, \.mid, \.high] {
            let values = totals.map { $0[keyPath: part] }
            #expect(values == values.sorted())
        }
    }
}
