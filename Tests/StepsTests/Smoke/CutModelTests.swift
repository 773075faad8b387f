import Architectures
import BinaryIO
import GGUF
import Inference
import Quantization
import Steps
import SystemPackage
import TestSupport
import Testing

/// Every model of the goldens, cut to its first layers: what comes out runs, or it is said why there is no cut.
@Suite struct CutModelTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    /// Models with tensors that hold a part for every layer.
    private static let uncut = ["gemma3n", "gemma4"]

    private func cut(_ golden: GoldenModel) throws -> (whole: GGUFModel, cut: CutModel) {
        let path = folder.appending("whole.gguf")
        try golden.write(to: path)
        let whole = try GGUFModel(path: path)
        return (whole, try CutModel(whole))
    }

    @Test(
        arguments: try GoldenModel.all.filter { golden in golden.isRun && !uncut.contains { golden.name.hasPrefix($0) }
        }
    )
    func theFirstLayersRun(_ golden: GoldenModel) throws { try run(golden) }

    @Test(
        arguments: try GoldenModel.all.filter { golden in golden.isRun && uncut.contains { golden.name.hasPrefix($0) } }
    )
    func theFirstLayersRunOrItIsSaidThatTheyDoNot(_ golden: GoldenModel) throws {
        do {
            try run(golden)
        } catch let error as StepsError {
            #expect("\(error)".contains("does not run with its first"))
            #expect("\(error)".contains("smoke"))
        }
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
        #expect(model.shape.layers.count == min(layers.count, max(2, model.shape.layers.count)))
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
        #expect(session.stateByteCount >= 0)
    }
}
