import Architectures
import DeviceFit
import GGUF
import Inference
import SystemPackage
import TestSupport
import Testing

/// Every model of the goldens through the room that runs it and the room that estimates it.
@Suite struct AgreementTests {
    private let folder: ScratchFolder
    private let estimator: FitEstimator

    init() throws {
        folder = try ScratchFolder()
        estimator = FitEstimator(catalogue: try DeviceCatalogue())
    }

    private func file(_ golden: GoldenModel) throws -> GGUFFile {
        let path = folder.path.appending("model.gguf")
        try golden.write(to: path)
        return try GGUFFile(path: path)
    }

    @Test(arguments: try GoldenModel.all)
    func bothRoomsSeeTheSameLayers(_ golden: GoldenModel) throws {
        let file = try file(golden)
        let profile = try ModelProfile(file, quantType: "F32")
        let shape = try golden.isRun ? LanguageModel(file).shape : ModelShape(file)
        let kept = profile.layers.flatMap { Array(repeating: $0, count: $0.count) }
        #expect(profile.architecture == shape.architecture.name && kept.count == shape.layers.count)
        for (kept, layer) in zip(kept, shape.layers) {
            #expect(kept.kvHeads == layer.attention?.keyValueHeadCount ?? 0)
            #expect(kept.slidingWindow == layer.attention?.window)
            let own = kept.readsOther == true ? 0 : kept.kvHeads
            #expect((kept.readsOther == true) == (layer.attention?.source != nil))
            #expect(own * kept.keyLength == layer.mixer.state.keys)
            #expect(own * kept.valueLength == layer.mixer.state.values)
            #expect(kept.stateBytes == 4 * layer.mixer.state.constant)
            let hasState = layer.shortConvolution != nil || layer.gatedDelta != nil || layer.stateSpace != nil
            #expect((kept.stateBytes > 0) == hasState)
            #expect((kept.gatedDelta != nil) == (layer.gatedDelta != nil))
            #expect((kept.stateSpace != nil) == (layer.stateSpace != nil))
        }
        #expect(profile.headCount == shape.headCount)
        #expect(profile.experts?.count == shape.experts?.count)
        #expect(profile.experts?.used == shape.experts?.usedCount)
    }

    /// What the estimate reads off tensors is what the engine knows by the family.
    @Test(arguments: try GoldenModel.all)
    func bothRoomsSeeTheSameParts(_ golden: GoldenModel) throws {
        let file = try file(golden)
        let graph = try #require(try ModelProfile(file, quantType: "F32").graph)
        let shape = try ModelShape(file)
        #expect(graph.expertLength == shape.experts?.expert.length ?? 0)
        #expect(graph.sharedExpertLength == shape.experts?.shared?.length ?? 0)
        #expect(graph.leadingDenseLayers == shape.experts?.denseLayerCount ?? 0)
        #expect(graph.hasPostNorms == shape.layers.contains { $0.norms.placement != .before })
        #expect(graph.hasLayerNorm == (shape.norms.hasBias || shape.norms.kind == .layer))
        #expect(!graph.isParallel || shape.norms.mayFeedBoth)
        let headNorms = Set(shape.attentions.map(\.headNorm))
        #expect(!headNorms.contains(graph.normalizesHeads ? .none : .perHead))
        #expect(graph.normalizesHeads || !headNorms.contains(.perRotatedHead))
        // A switch of Granite's turns positions off, which the tensors do not show.
        let isTurned = shape.attentions.contains { $0.positions != .none }
        #expect(graph.turnsHeads == isTurned || golden.name == "granite-unturned")
        #expect(graph.layerInputLength ?? 0 == shape.layerInputLength)
        if case .both = shape.layers[0].network { #expect(graph.hasBothNetworks == true) }
        guard case .dense(let network) = shape.layers[0].network else { return }
        #expect(graph.network == .plain ? !network.activation.isGated : network.activation.isGated)
        #expect(graph.network != .gatedInOne || network.mayFuse)
    }

    /// To the byte, at a context that no window of the goldens makes shorter.
    @Test(arguments: try GoldenModel.all.filter(\.isRun))
    func theSequencesStateIsAsLargeAsEstimated(_ golden: GoldenModel) throws {
        let file = try file(golden)
        let session = try InferenceSession(LanguageModel(file), SessionOptions(context: 256))
        let estimate = try estimator.estimate(
            ModelProfile(file, quantType: "F32"),
            on: estimator.catalogue.device("galaxy-s23"),
            FitRequest(context: 256, kvType: "f32")
        )
        #expect(estimate.memory.kvCache.mid == session.stateByteCount)
    }

    /// llama.cpp gives each layer of LFM2 that attends the window of the file, and none to those that convolve
    /// (`models/lfm2.cpp`); its perplexities in the golden are of a text longer than that.
    @Test func allOfLFM2sAttentionHasTheWindow() throws {
        let file = try file(GoldenModel(kind: .perplexity, name: "lfm2-window"))
        let profile = try ModelProfile(file, quantType: "F32")
        #expect(profile.layers.flatMap { Array(repeating: $0.slidingWindow, count: $0.count) } == [nil, nil, 32, nil])
        #expect(try ModelShape(file).layers.map { $0.attention?.window } == [nil, nil, 32, nil])
    }

    /// The mask of full attention is an input that nothing reads then; memory does not grow with the context.
    @Test func whereAllLayersHaveAWindowMemoryStopsGrowing() throws {
        let profile = try ModelProfile(try file(GoldenModel(kind: .perplexity, name: "lfm2-window")), quantType: "F32")
        let device = try estimator.catalogue.device("galaxy-s23")
        let memory = try [4096, 65_536].map {
            try estimator.estimate(profile, on: device, FitRequest(context: $0)).memory
        }
        #expect(memory[0].kvCache == memory[1].kvCache && memory[0].computeBuffer == memory[1].computeBuffer)
    }
}
