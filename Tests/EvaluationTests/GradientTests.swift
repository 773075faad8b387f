import Architectures
import GGUF
import Inference
import SystemPackage
import Tensors
import TestSupport
import Testing

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// Gradients of every family's traits, held against differences of the loss.
@Suite struct GradientTests {
    let folder: ScratchFolder
    let vocabulary: Metadata
    static let count = 40

    init() throws {
        folder = try ScratchFolder()
        vocabulary = try TinyModels().metadata()
    }

    /// A model's file, and the file itself.
    private func open(_ model: SyntheticModel, _ name: String) throws -> (model: LanguageModel, file: GGUFFile) {
        let path = folder.path.appending("\(name).gguf")
        try model.write(to: path)
        let file = try GGUFFile(path: path)
        return (try LanguageModel(file), file)
    }

    private func tokens(_ model: LanguageModel) -> [Int32] {
        (0..<Self.count).map { Int32((100 + $0 * 37) % model.vocabularySize) }
    }

    private static func label(_ position: Int, of size: Int) -> Int { (position * 7919 + 13) % size }

    /// The sum of -log p(label) over all positions.
    private func loss(_ session: InferenceSession, _ tokens: [Int32]) throws -> Double {
        var loss = 0.0
        session.reset()
        try session.evaluate(tokens, logitsFor: tokens.indices) { rows in
            for row in 0..<rows.count {
                let logits = rows[row]
                let largest = Double(logits.max() ?? 0)
                let sum = logits.reduce(into: 0.0) { $0 += exp(Double($1) - largest) }
                let label = Self.label(rows.first + row, of: logits.count)
                loss += log(sum) + largest - Double(logits[label])
            }
        }
        return loss
    }

    /// For each tensor the gradient of the loss in its weights, those of its matrices behind each other.
    private func gradients(_ model: LanguageModel, _ tokens: [Int32], threads: Int = 2) throws -> [String: [Double]] {
        let matrices = Dictionary(
            uniqueKeysWithValues: model.weightTensors.map { tensor in
                (tensor.name, tensor.shape.dimensions.dropFirst(2).reduce(1, *))
            }
        )
        let size = model.vocabularySize
        var found: [String: [Double]] = [:]
        let session = try GradientSession(model, tokenCount: tokens.count, threads: threads)
        try session.run(tokens, label: { position, _ in Self.label(position, of: size) }) { gradients in
            let count = gradients.rows * gradients.columns
            var own = found[gradients.tensor] ?? Array(repeating: 0, count: count * (matrices[gradients.tensor] ?? 1))
            let first = gradients.matrix * count
            for token in 0..<gradients.tokens {
                let (input, change) = (gradients.input(token), gradients.gradient(token))
                for row in 0..<gradients.rows where change[row] != 0 {
                    for column in 0..<gradients.columns {
                        own[first + row * gradients.columns + column] += Double(change[row]) * Double(input[column])
                    }
                }
            }
            found[gradients.tensor] = own
        }
        return found
    }

    /// All weights of a tensor move a little, each against its gradient's sign or with it: the loss changes by the sum
    /// of the gradients' magnitudes. Steps are too small for the loss to bend, or large enough to stand out from
    /// roundings; of a tensor that decides which experts a token sees, none may be both on both sides.
    @Test(arguments: try SeededGolden.names)
    func gradientsAreDifferencesOfTheLoss(name: String) throws {
        let golden = try SeededGolden(name, vocabulary: vocabulary).model
        let (model, _) = try open(golden, "model")
        // GELU is rounded to half precision, which gradients leave out.
        let tolerance = name.hasPrefix("gemma") || name == "gpt2" ? 0.06 : 0.02
        let tokens = tokens(model)
        let found = try gradients(model, tokens)
        let session = try InferenceSession(model, SessionOptions(context: tokens.count, threads: 2))
        let base = try loss(session, tokens)
        // An embedding that is an output matrix, too, is used in two ways, of which gradients are of one.
        var left = Set(found.keys)
        if !left.contains("output.weight") { left.remove("token_embd.weight") }
        var seen: [String] = []
        for wanted in [0.1, 0.01, 0.3] where !left.isEmpty {
            let sides = try [1, -1].map { try moved(golden, found, by: Float($0 * wanted)) }
            for tensor in left.sorted() {
                let changes = try zip(sides, [1.0, -1.0]).map { file, sign in
                    session.weightOverride = WeightOverride(try #require(file.tensor(named: tensor)), in: file)
                    return sign * (try loss(session, tokens) - base)
                }
                func isClose(_ change: Double, _ tolerance: Double) -> Bool { abs(change / wanted - 1) < tolerance }
                let mean = (changes[0] + changes[1]) / 2
                let fits =
                    isClose(mean, tolerance)
                    || (model.shape.experts != nil && changes.contains { isClose($0, 2 * tolerance) })
                if fits { left.remove(tensor) } else { seen.append("\(tensor): \(changes) for \(wanted)") }
            }
            session.weightOverride = nil
        }
        #expect(left.isEmpty, "\(name): \(seen.filter { line in left.contains { line.hasPrefix($0) } })")
        #expect(unseen(found, model).isEmpty, "every matrix of the model is seen")
    }

    /// The model with each tensor's weights moved so that the loss is to change by this much.
    private func moved(_ golden: SyntheticModel, _ found: [String: [Double]], by change: Float) throws -> GGUFFile {
        var other = golden
        for index in other.tensors.indices {
            guard let own = found[other.tensors[index].name] else { continue }
            let step = change / Float(own.reduce(0) { $0 + abs($1) })
            for place in own.indices where own[place] != 0 {
                other.tensors[index].values[place] += own[place] > 0 ? step : -step
            }
        }
        return try open(other, "moved\(change)").file
    }

    /// Matrices that have no gradients although something is multiplied by them.
    private func unseen(_ found: [String: [Double]], _ model: LanguageModel) -> Set<String> {
        let others = ["_embd.weight", ".bias", "_norm.weight", "conv.weight", "conv1d.weight", "ssm_a", "ssm_d"]
        let names = model.weightTensors.map(\.name).filter { name in
            !others.contains { name.hasSuffix($0) } && !model.shape.predictorPrefixes.contains { name.hasPrefix($0) }
        }
        // Layers that read the keys of others may have matrices that nothing reads.
        let idle = model.shape.layers.enumerated().filter { $1.attention?.source != nil }.flatMap { index, _ in
            ["blk.\(index).attn_k.weight", "blk.\(index).attn_v.weight"]
        }
        return Set(names).subtracting(found.keys).subtracting(idle)
    }

    @Test(arguments: ["llama3-short", "qwen2-moe", "gemma3-window"])
    func theSameForAnyCountOfThreads(name: String) throws {
        let (model, _) = try open(try SeededGolden(name, vocabulary: vocabulary).model, "model")
        let one = try gradients(model, tokens(model), threads: 1)
        #expect(try gradients(model, tokens(model), threads: 3) == one)
    }

    /// Layers that keep what their gradients need give what layers that are computed again give.
    @Test(arguments: ["llama3-short", "gemma4-window", "gpt2", "qwen3", "granite", "cohere2-window", "lfm2-moe"])
    func keptLayersGiveTheSame(name: String) throws {
        let (model, _) = try open(try SeededGolden(name, vocabulary: vocabulary).model, "model")
        let tokens = tokens(model)
        let runs = try [true, false].map { keepsLayers in
            var all: [String: [Float]] = [:]
            let session = try GradientSession(
                model,
                tokenCount: tokens.count,
                threads: 2,
                keepsLayers: keepsLayers
            )
            for _ in 0..<2 {
                try session.run(tokens, label: { position, _ in position }) { gradients in
                    let rows = (0..<gradients.tokens).flatMap { Array(gradients.gradient($0)) }
                    all["\(gradients.tensor) \(gradients.matrix)", default: []] += rows
                }
            }
            return all
        }
        #expect(runs[0] == runs[1])
    }

    /// The gradients of one window do not depend on the windows before it.
    @Test func windowsLeaveNothingBehind() throws {
        let (model, _) = try open(try SeededGolden("gemma4-window", vocabulary: vocabulary).model, "model")
        let session = try GradientSession(model, tokenCount: Self.count)
        func seen(_ tokens: [Int32]) throws -> [Float] {
            var all: [Float] = []
            try session.run(tokens, label: { position, _ in position }) { gradients in
                for token in 0..<gradients.tokens { all += gradients.gradient(token).prefix(8) }
            }
            return all
        }
        let tokens = tokens(model)
        let first = try seen(tokens)
        _ = try seen(tokens.reversed())
        #expect(try seen(tokens) == first)
    }

    @Test func whatCannotRunIsRefused() throws {
        let (model, _) = try open(try SeededGolden("llama3-short", vocabulary: vocabulary).model, "model")
        let session = try GradientSession(model, tokenCount: 8)
        func problem(_ tokens: [Int32]) -> InferenceProblem? {
            do {
                try session.run(tokens, label: { _, _ in 0 }, observer: { _ in })
                return nil
            } catch {
                return (error as? InferenceError)?.problem
            }
        }
        #expect(problem([1, 2, -1]) == .tokenOutOfRange(id: -1, count: model.vocabularySize))
        #expect(problem(Array(repeating: 5, count: 9)) == .contextFull(needed: 9, capacity: 8))
        #expect(problem([5, 6, 7]) == nil)
    }
}
