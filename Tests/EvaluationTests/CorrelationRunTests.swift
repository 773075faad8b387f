import Architectures
import BinaryIO
import Conversion
import Evaluation
import Foundation
import GGUF
import Inference
import Quantization
import SystemPackage
import TestSupport
import Testing

@Suite struct CorrelationRunTests {
    private let tiny: TinyModels
    private let text: [UInt8]

    init() throws {
        tiny = try TinyModels()
        text = try readFile(Goldens.packageRoot.appending("texts/calibration.txt"), limit: 1 << 24)
    }

    private func run(_ model: LanguageModel, tokens: Int = 4096, threads: Int = 2) throws -> CorrelationRun {
        var options = CorrelationOptions()
        (options.tokens, options.threads) = (tokens, threads)
        return try CorrelationRun(model, text: text, widest: 256, options)
    }

    /// What each layer and the output matrix are given.
    private func collect(_ run: CorrelationRun) throws -> [MatrixName: MatrixInputs] {
        try run.begin()
        var all: [MatrixName: MatrixInputs] = [:]
        for layer in run.model.shape.layers.indices {
            all.merge(try run.run(layer: layer, isWanted: { _ in true }, progress: { _ in })) { _, new in new }
        }
        all.merge(try run.runOutput(isWanted: { _ in true }, progress: { _ in })) { _, new in new }
        return all
    }

    /// Layer by layer gives what a run through the whole model gives: the diagonal is an importance matrix.
    @Test func theDiagonalIsWhatAnImportanceMatrixHas() throws {
        let model = try LanguageModel(path: try tiny.converted(.f16))
        let run = try run(model)
        let found = try collect(run)
        var options = ImportanceOptions()
        (options.chunks, options.threads, options.includesOutput) = (run.firstHeld, 2, true)
        let (sums, _) = try ImportanceRun(model, options, matrixCount: { _ in 1 }).collect(text: text, dataset: "text")
        #expect(run.firstHeld == 7 && Set(found.keys.map(\.tensor)) == Set(sums.entries.keys))
        for (name, inputs) in found {
            let entry = try #require(sums.entries[name.tensor])
            #expect(inputs.correlation.tokenCount == 7 * 512 && inputs.held.tokenCount == 512)
            for column in 0..<inputs.correlation.columns {
                let sum = inputs.correlation.row(column)[0]
                #expect(abs(sum - Double(entry.sums[column])) <= 1e-3 * sum, "\(name) \(column)")
            }
        }
    }

    /// No expert is without tokens in the whole text; of each, tokens are counted alone.
    @Test func everyExpertIsCountedAlone() throws {
        let folder = try ScratchFolder()
        let path = folder.path.appending("model.gguf")
        try SeededGolden("mixtral", vocabulary: try tiny.metadata()).model.write(to: path)
        let model = try LanguageModel(path: path)
        let experts = try #require(model.shape.experts)
        let found = try collect(try run(model))
        for role in ["gate", "down"] {
            let counts = (0..<experts.count).map {
                found[MatrixName("blk.0.ffn_\(role)_exps.weight", matrix: $0)]?.correlation.tokenCount ?? 0
            }
            #expect(counts.reduce(0, +) == 7 * 512 * experts.usedCount)
        }
    }

    /// Nobody says which matrices have inputs in common.
    @Test func matricesWithTheSameInputsShareASum() throws {
        let folder = try ScratchFolder()
        let path = folder.path.appending("model.gguf")
        try SeededGolden("mixtral", vocabulary: try tiny.metadata()).model.write(to: path)
        let found = try collect(try run(try LanguageModel(path: path)))
        func inputs(_ name: String, _ matrix: Int = 0) throws -> MatrixInputs {
            try #require(found[MatrixName("blk.1.\(name).weight", matrix: matrix)])
        }
        #expect(try inputs("attn_q") === inputs("attn_k") && inputs("attn_q") === inputs("attn_v"))
        #expect(try inputs("attn_q") !== inputs("attn_output"))
        #expect(try inputs("ffn_gate_exps", 1) === inputs("ffn_up_exps", 1))
        #expect(try inputs("ffn_gate_exps", 1) !== inputs("ffn_gate_exps", 0))
        #expect(try inputs("ffn_gate_exps", 1) !== inputs("ffn_gate_inp"))
    }

    @Test func theSumsDoNotDependOnTheThreads() throws {
        func bits(_ threads: Int) throws -> [UInt64] {
            let run = try run(LanguageModel(path: try tiny.converted(.f16)), tokens: 1024, threads: threads)
            try run.begin()
            let found = try run.run(layer: 0, isWanted: { $0.contains("attn_output") }, progress: { _ in })
            let sums = try #require(found.values.first).correlation
            return (0..<sums.columns).flatMap { sums.row($0).map(\.bitPattern) }
        }
        let first = try bits(1)
        #expect(try bits(2) == first)
        #expect(try bits(5) == first)
    }

    /// Where not all of a layer's tensors fit into memory, it is run again.
    @Test func aLayerThatIsRunAgainSeesTheSame() throws {
        let run = try run(LanguageModel(path: try tiny.converted(.f16)), tokens: 1024)
        try run.begin()
        func sum(keepsStates: Bool) throws -> Double {
            let found = try run.run(layer: 0, keepsStates: keepsStates, isWanted: { $0.contains("ffn_down") }) { _ in }
            return try #require(found.values.first).correlation.row(3)[4]
        }
        let first = try sum(keepsStates: true)
        #expect(try sum(keepsStates: false) == first)
        #expect(try sum(keepsStates: false) != first)
    }

    @Test func aTextMustReachForTheWidestMatrix() throws {
        let model = try LanguageModel(path: try tiny.converted(.f16))
        let error = #expect(throws: EvaluationError.self) {
            _ = try CorrelationRun(model, text: text, widest: 100_000, CorrelationOptions())
        }
        guard case .textTooShortForFeedback(_, let needed, 100_000, _)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        // Half as many as there are columns, and an eighth on top that is held back.
        #expect((56_832...57_856).contains(needed))
        #expect(throws: EvaluationError.self) {
            _ = try CorrelationRun(model, text: Array("Too short.".utf8), widest: 256, CorrelationOptions())
        }
    }

    /// Gemma 3n's last layers read what earlier ones keep.
    @Test func layersThatReadEachOtherAreRefused() throws {
        let folder = try ScratchFolder()
        let path = folder.path.appending("model.gguf")
        try SeededGolden("gemma3n", vocabulary: try tiny.metadata()).model.write(to: path)
        let error = #expect(throws: EvaluationError.self) { _ = try run(try LanguageModel(path: path)) }
        #expect(error == .layersReadEachOther(path))
    }
}
