import Architectures
import BlockFormats
import GGUF
import Inference
import Tensors

/// The progress of measuring sensitivities.
public struct SensitivityProgress: Sendable {
    /// The tensor that is measured next.
    public let tensor: String
    /// The number of passes done; there is one for each tensor of each chunk.
    public let done: Int
    /// The number of passes to do; see `done`.
    public let total: Int
    /// The result over the complete chunks; nil during the first.
    public let result: SensitivityResult?
}

/// Measures the cost of quantizing each tensor of a model alone: its divergence from the original model.
///
/// For each chunk the base runs once and keeps the input of every layer. Each tensor of the build then replaces the
/// base's, and only the layers from its own on run again.
public struct SensitivityRun {
    /// The original model.
    public let base: LanguageModel
    /// The options of the windows, and of running the model.
    public let options: EvaluationOptions
    private let candidates: [Candidate]

    private struct Candidate {
        let override: WeightOverride
        let tensor: GGUFTensor
        let baseBytes: Int
        /// The first layer that the tensor affects; the count of layers for the output matrix, nil for embeddings.
        let firstLayer: Int?
    }

    private struct Tally {
        var divergence = RunningMean()
        var sameTop = 0
    }

    /// - Parameters:
    ///   - base: the original model.
    ///   - build: the same model, quantized. Tensors with the base's type are skipped.
    ///   - isWanted: whether a tensor is measured, by its name; the build may lack the others.
    /// - Throws: `EvaluationError` if the two do not belong together, or nothing remains to measure.
    public init(
        _ base: LanguageModel,
        build: GGUFFile,
        _ options: EvaluationOptions = EvaluationOptions(),
        where isWanted: (String) -> Bool = { _ in true }
    ) throws {
        self.base = base
        self.options = options
        candidates = try base.weightTensors.compactMap { original in
            guard isWanted(original.name) else { return nil }
            guard let tensor = build.tensor(named: original.name), tensor.shape == original.shape else {
                throw EvaluationError.buildOfAnotherModel(tensor: original.name)
            }
            guard tensor.type != original.type else { return nil }
            guard BlockCodec.canDecode(tensor.type) else {
                throw EvaluationError.unreadableType(tensor: tensor.name, type: tensor.type.name)
            }
            let layer: Int? =
                switch tensor.name {
                case "output.weight": base.shape.layers.count
                default: SensitivityResult.Tensor.place(of: tensor.name).layer
                }
            return Candidate(
                override: WeightOverride(tensor, in: build),
                tensor: tensor,
                baseBytes: original.byteCount,
                firstLayer: layer
            )
        }
        guard !candidates.isEmpty else { throw EvaluationError.nothingToCompare }
    }

    /// - Parameters:
    ///   - text: UTF-8; one newline at its end is ignored.
    ///   - progress: called before each tensor's pass; an error that it throws ends the run.
    /// - Throws: `EvaluationError` for a text that is too short or output that is NaN; `InferenceError`.
    public func measure(
        text: [UInt8],
        progress: (SensitivityProgress) throws -> Void = { _ in }
    ) throws -> SensitivityResult {
        let windows = try TextWindows(
            text: text,
            tokenizer: base.tokenizer,
            context: options.context,
            chunks: options.chunks
        )
        let session = try options.session(base, length: windows.length)
        let inputs = try LayerInputs(of: base, tokenCount: windows.length)
        var tallies = [Tally](repeating: Tally(), count: candidates.count)
        for index in 0..<windows.count {
            let window = windows[index]
            var rows: [LogProbabilityRow] = []
            try session.evaluate(window.tokens, logitsFor: window.scored, keeping: inputs) { logits in
                let here = ScoredRows(logits: logits, first: rows.count, threads: options.threads)
                rows += here.map { row, _ in LogProbabilityRow(row) }
            }
            for (number, candidate) in candidates.enumerated() {
                try progress(
                    SensitivityProgress(
                        tensor: candidate.tensor.name,
                        done: index * candidates.count + number,
                        total: windows.count * candidates.count,
                        result: index == 0 ? nil : result(tallies, chunks: index, session)
                    )
                )
                for score in try scores(candidate, window, rows, session, inputs) {
                    guard score.divergence.isFinite else {
                        throw EvaluationError.notANumber(chunk: index + 1, position: window.scored.lowerBound)
                    }
                    tallies[number].divergence.add(score.divergence)
                    tallies[number].sameTop += score.sameTop ? 1 : 0
                }
            }
        }
        return result(tallies, chunks: windows.count, session)
    }

    private func scores(
        _ candidate: Candidate,
        _ window: TextWindows.Window,
        _ base: [LogProbabilityRow],
        _ session: InferenceSession,
        _ inputs: LayerInputs
    ) throws -> [DivergenceScore] {
        session.weightOverride = candidate.override
        defer { session.weightOverride = nil }
        var scores: [DivergenceScore] = []
        let kernels = session.kernels
        func compare(_ logits: LogitRows) {
            let rows = ScoredRows(logits: logits, first: scores.count, threads: options.threads)
            scores += rows.map { row, index in
                DivergenceScore(row, base: base[index], target: window.targets[index], kernels: kernels)
            }
        }
        if let layer = candidate.firstLayer {
            try session.evaluate(window.tokens, logitsFor: window.scored, from: layer, of: inputs, compare)
        } else {
            session.reset()
            try session.evaluate(window.tokens, logitsFor: window.scored, compare)
        }
        return scores
    }

    private func result(_ tallies: [Tally], chunks: Int, _ session: InferenceSession) -> SensitivityResult {
        let tensors = zip(candidates, tallies).map { candidate, tally in
            let (layer, role) = SensitivityResult.Tensor.place(of: candidate.tensor.name)
            return SensitivityResult.Tensor(
                name: candidate.tensor.name,
                layer: layer,
                role: role,
                type: candidate.tensor.type.name,
                bytes: candidate.tensor.byteCount,
                baseBytes: candidate.baseBytes,
                kld: tally.divergence.mean,
                standardError: tally.divergence.standardError,
                sameTopPercent: 100 * Double(tally.sameTop) / Double(max(1, tally.divergence.count))
            )
        }
        return SensitivityResult(
            context: options.context,
            chunks: chunks,
            scoredTokens: tallies.first?.divergence.count ?? 0,
            kernels: session.kernels.rawValue,
            tensors: tensors,
            sumOfDivergences: tensors.reduce(0) { $0 + $1.kld }
        )
    }
}
