import Architectures
import BinaryIO
import GGUF
import Inference
import Quantization
import Steps
import SystemPackage
import Tensors
import TestSupport
import Testing

/// Every model of the goldens, cut to a few layers: what comes out runs.
@Suite struct CutModelTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    private func cut(_ golden: GoldenModel) throws -> (whole: GGUFModel, cut: CutModel) {
        let path = folder.appending("whole.gguf")
        try golden.write(to: path)
        let whole = try GGUFModel(path: path)
        return (whole, try CutModel(whole))
    }

    @Test(arguments: try GoldenModel.all.filter(\.isRun))
    func fewLayersRun(_ golden: GoldenModel) throws { try run(golden) }

    /// Embeddings for each layer are those of the layers that are kept, and so are the rows that make them of the hidden state.
    @Test(arguments: try GoldenModel.all.filter { $0.isRun && $0.name.hasPrefix("gemma4") || $0.name == "gemma3n" })
    func embeddingsOfLayersFollowTheirLayers(_ golden: GoldenModel) throws {
        let (whole, cut) = try cut(golden)
        let (all, kept) = (try ModelShape(whole.metadata), try ModelShape(cut.metadata))
        let shared = kept.layers.count { $0.attention?.source != nil }
        if golden.name != "gemma3n", all.layers.contains(where: { $0.attention?.source != nil }) {
            #expect((1...2).contains(shared), "one of each kind of layer that reads the keys of another")
        }
        guard all.layerInputLength > 0 else { return }
        // The gates of a layer are moved and not changed: by them it is found again.
        func rows(_ model: any ModelSource, _ name: String) throws -> (GGUFTensor, [UInt8]) {
            let tensor = try #require(model.tensors.first { $0.name == name })
            var bytes: [UInt8] = []
            try model.makeReader().withRows(0..<tensor.shape.rowCount, of: tensor) { bytes += $0 }
            return (tensor, bytes)
        }
        let gates = try all.layers.indices.map { try rows(whole, "blk.\($0).inp_gate.weight").1 }
        let places = try kept.layers.indices.map { layer in
            let gate = try rows(cut, "blk.\(layer).inp_gate.weight").1
            return try #require(gates.firstIndex(of: gate))
        }
        let (table, words) = try rows(whole, "per_layer_token_embd.weight")
        let (cutTable, cutWords) = try rows(cut, "per_layer_token_embd.weight")
        let part = table.rowByteCount / all.layers.count
        #expect(cutTable.rowByteCount == part * places.count)
        for row in 0..<table.shape.rowCount {
            let expected = places.flatMap { words[(row * table.rowByteCount + $0 * part)...].prefix(part) }
            guard Array(cutWords[(row * cutTable.rowByteCount)...].prefix(cutTable.rowByteCount)) == expected else {
                Issue.record("row \(row) of the table")
                break
            }
        }
        let (projection, numbers) = try rows(whole, "per_layer_model_proj.weight")
        let size = projection.byteCount / all.layers.count
        let expected = places.flatMap { numbers[($0 * size)...].prefix(size) }
        #expect(try rows(cut, "per_layer_model_proj.weight").1 == expected)
    }

    /// Cuts a model and opens what comes out.
    private func run(_ golden: GoldenModel) throws {
        let (whole, cut) = try cut(golden)
        var copying = QuantizationOptions()
        copying.copiesOnly = true
        let path = folder.appending("cut.gguf")
        let plan = try QuantizationPlan(cut, as: .f32, options: copying)
        let quantizer = try Quantizer(source: cut, outputs: [Quantizer.Output(plan: plan, path: path)])
        _ = try quantizer.run(threads: 1) { _, _ in }
        let model = try LanguageModel(path: path)
        let layers = try ModelShape(whole.metadata).layers
        #expect((min(2, layers.count)...layers.count).contains(model.shape.layers.count))
        // Each kind of layer that the model mixes is there.
        func kinds(_ layers: [LayerShape]) -> Set<String> {
            Set(
                layers.map {
                    "\($0.attention == nil) \($0.stateSpace == nil) \($0.gatedDelta == nil) \($0.denseLength == nil)"
                }
            )
        }
        #expect(kinds(model.shape.layers) == kinds(layers))
        let session = try InferenceSession(model, SessionOptions(context: 16))
        if model.shape.seesBothWays {
            _ = try session.embed([1, 2, 3], pooling: .none)
        } else {
            var count = 0
            try session.evaluate([1, 2, 3], logitsFor: 0..<3) { count += $0.count }
            #expect(count == 3)
        }
    }
}
