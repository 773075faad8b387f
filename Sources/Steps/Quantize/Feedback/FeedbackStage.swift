import Architectures
import BinaryIO
import BlockFormats
import Evaluation
import GGUF
import Inference
import Quantization
import Registry
import SystemPackage
import Tensors
import Work

/// Rounds tensors with feedback, layer by layer, for all outputs of a run. The results are copied in when the outputs
/// are written.
struct FeedbackStage {
    /// The results for one output.
    struct Outcome {
        /// The bytes of tensors, by their names in the output.
        var prepared: [String: MappedFile] = [:]
        /// The outcome of each tensor, by the same name.
        var records: [String: FeedbackRecord] = [:]
    }

    private let settings: FeedbackSettings
    private let model: LanguageModel
    private let source: any ModelSource
    private let plans: [QuantizationPlan]
    private let items: [FeedbackItem]
    private let forecast: FeedbackForecast

    /// - Parameter path: the model's file, which is run.
    /// - Throws: `StepsError` if it needs more memory than allowed; an error if the model cannot be run.
    init(_ settings: FeedbackSettings, model path: FilePath, source: any ModelSource, plans: [QuantizationPlan]) throws
    {
        (self.settings, self.source, self.plans) = (settings, source, plans)
        model = try LanguageModel(path: path)
        guard !model.shape.seesBothWays else { throw InferenceError(path: path, problem: .embedsAlone) }
        guard InferenceSession.canRunLayers(of: model) else { throw EvaluationError.layersReadEachOther(path) }
        items = FeedbackItem.all(of: plans, model.shape)
        let limit = settings.memory ?? FeedbackForecast.standardLimit
        forecast = FeedbackForecast(items, model.shape, tokens: settings.tokens, limit: limit)
        try forecast.require(limit, path)
    }

    /// The peak memory, in bytes.
    var byteCount: Int { forecast.byteCount }

    /// - Parameters:
    ///   - text: the text to read.
    ///   - path: the text's file, for messages.
    ///   - folder: the folder that keeps finished results if the run is interrupted.
    /// - Returns: the results for each plan, and the folder, because its files are read until the outputs are written.
    /// - Throws: the errors of `progress` and of the modules below; the same call then resumes.
    func run(
        _ text: [UInt8],
        of path: FilePath,
        in folder: FilePath,
        threads: Int,
        progress: @escaping WorkProgress
    ) throws -> (outcomes: [Outcome], folder: FeedbackFolder) {
        var options = CorrelationOptions()
        (options.tokens, options.threads) = (settings.tokens, threads)
        let run = try EvaluationError.naming(path) {
            let widest = items.map(\.columns).max() ?? 0
            return try CorrelationRun(model, text: text, widest: widest, options)
        }
        let folder = try FeedbackFolder(folder, run: try digest(of: run, text))
        let due = items.filter { folder.outcome(of: $0) == nil }
        if let first = due.first?.stage {
            try QuantizationError.naming(source.path) { try make(due, from: first, run, folder, threads, progress) }
        }
        return (try plans.map { try outcome(of: $0, folder) }, folder)
    }

    /// Returns a digest of everything that decides the tensors' bytes, besides their types and importance.
    private func digest(of run: CorrelationRun, _ text: [UInt8]) throws -> SHA256Digest {
        // Digesting a large model takes longer than many windows; its size and time identify it well enough.
        guard let status = FileStatus(model.path) else {
            throw FileError("open", model.path, errno: .noSuchFileOrDirectory)
        }
        let parts = [
            Edgepipe.version, model.path.string, "\(status.byteCount)", "\(status.modified)",
            "\(SHA256Digest(of: text))",
            "\(settings.tokens)", "\(settings.damping)", run.kernels.rawValue,
        ]
        return SHA256Digest(of: parts.map { "\($0.utf8.count):\($0)\n" }.joined().utf8)
    }

    private func make(
        _ due: [FeedbackItem],
        from first: Int,
        _ run: CorrelationRun,
        _ folder: FeedbackFolder,
        _ threads: Int,
        _ progress: @escaping WorkProgress
    ) throws {
        let stages = model.shape.layers.count + 1
        let last = due.map(\.stage).max() ?? first
        let windows = run.states.windows.count
        var start = 0
        if let saved = folder.loadStates(run.states, upTo: first) { start = saved } else { try run.begin() }
        for stage in start...last {
            let place = stage == stages - 1 ? "output matrix" : "layer \(stage + 1) of \(stages - 1)"
            let step: @Sendable (String, Int) throws -> Void = { what, window in
                try progress("feedback: \(what) \(place)", stage * windows + window, stages * windows)
            }
            let items = due.filter { $0.stage == stage }
            let groups = items.isEmpty ? [[]] : forecast.groups[stage] ?? [[]]
            for (number, group) in groups.enumerated() {
                let own = items.filter { group.contains($0.name) }
                let isLast = number == groups.count - 1
                if own.isEmpty, !isLast { continue }
                let names = Set(own.map(\.name))
                let inputs =
                    stage == stages - 1
                    ? try run.runOutput(isWanted: names.contains) { try step("reading", $0) }
                    : try run.run(layer: stage, keepsStates: !isLast, isWanted: names.contains) {
                        try step("reading", $0)
                    }
                try round(own, inputs, run, folder, threads) { try step("rounding", windows) }
            }
            if stage < last { try folder.save(run.states, before: stage + 1) }
        }
    }

    /// Rounds the tensors of a layer. Tensors with the same inputs share the inverse of their correlation.
    private func round(
        _ items: [FeedbackItem],
        _ inputs: [MatrixName: MatrixInputs],
        _ run: CorrelationRun,
        _ folder: FeedbackFolder,
        _ threads: Int,
        _ check: @escaping @Sendable () throws -> Void
    ) throws {
        func parts(of item: FeedbackItem) -> [MatrixInputs?] {
            (0..<item.tensor.matrixCount).map { inputs[MatrixName(item.name, matrix: $0)] }
        }
        let groups = Dictionary(grouping: items) { parts(of: $0).map { $0.map(ObjectIdentifier.init) } }
        for group in groups.values.sorted(by: { $0[0].name < $1[0].name }) {
            let tensors = try group.map { item in
                try FeedbackTensor(
                    item.tensor,
                    of: source,
                    path: folder.bytesPath(of: item),
                    kernels: run.kernels,
                    threads: threads
                )
            }
            var fits = FeedbackFits(
                parts(of: group[0]),
                damping: settings.damping,
                kernels: run.kernels,
                threads: threads
            )
            for matrix in 0..<group[0].tensor.matrixCount {
                try check()
                let fit = try fits.fit(matrix)
                for tensor in tensors { try tensor.round(matrix, fit, check: check) }
            }
            for (item, tensor) in zip(group, tensors) { try folder.save(try tensor.finish(), of: item) }
        }
    }

    private func outcome(of plan: QuantizationPlan, _ folder: FeedbackFolder) throws -> Outcome {
        var outcome = Outcome()
        for tensor in plan.tensors where tensor.isChanged && tensor.target.type.isQuantized {
            let name = tensor.target.name
            guard tensor.mayFeedBack else {
                outcome.records[name] = FeedbackRecord(plain: "\(tensor.target.type.name) cannot be rounded so")
                continue
            }
            guard let stage = FeedbackItem.stage(of: tensor, in: plan, model.shape) else {
                outcome.records[name] = FeedbackRecord(plain: "it is looked up, not multiplied")
                continue
            }
            let item = FeedbackItem(tensor, stage: stage)
            guard let (record, bytes) = folder.outcome(of: item) else {
                throw FileError(
                    "read",
                    folder.bytesPath(of: item),
                    because: "it changed meanwhile. Run the same again."
                )
            }
            outcome.records[name] = record
            outcome.prepared[name] = bytes
        }
        return outcome
    }
}
