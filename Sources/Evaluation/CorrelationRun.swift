import BlockFormats
import Inference
import Quantization
import Tokenizers

/// On what text correlations are collected, and how.
public struct CorrelationOptions: Sendable {
    /// Tokens of a window.
    public static let context = 512
    /// At most about this many tokens of the text.
    public var tokens = 16384
    /// How many threads work; what is collected is the same for any number.
    public var threads = 1
    /// nil takes the fastest that this processor runs, or what `EDGEPIPE_KERNELS` names.
    public var kernels: Kernels?

    /// Windows that are held back, of some: the last eighth.
    static func heldCount(of windows: Int) -> Int { max(1, windows / 8) }

    /// The default, on one thread.
    public init() {}
}

/// Takes a text through a model layer by layer, all windows through one before the next, and collects how the inputs of each
/// layer's matrices go together. So memory is what one layer takes, and the weights are read once.
public final class CorrelationRun {
    /// The model that is run, as it is: what other tensors become changes nothing.
    public let model: LanguageModel
    /// The hidden states that all windows have come to.
    public let states: LayerStates
    /// The first window that is held back.
    public let firstHeld: Int
    /// The kernels in use: what is collected differs between them by rounding.
    public var kernels: Kernels { session.kernels }
    private let session: InferenceSession
    private let options: CorrelationOptions

    /// - Parameters:
    ///   - text: UTF-8; one newline at its end does not count.
    ///   - widest: the most columns of a matrix that is to be rounded. Fitting takes half as many tokens: with the damped
    ///     diagonal, more go on lowering the error, but not by much.
    /// - Throws: `EvaluationError` for a text that is too short; `InferenceError` for a model that predicts nothing.
    public init(_ model: LanguageModel, text: [UInt8], widest: Int, _ options: CorrelationOptions) throws {
        try model.requirePredictions()
        guard InferenceSession.canRunLayers(of: model) else { throw EvaluationError.layersReadEachOther(model.path) }
        let context = CorrelationOptions.context
        let chunks = max(1, (options.tokens + context - 1) / context)
        let windows = try TextWindows(text: text, tokenizer: model.tokenizer, context: context, chunks: chunks)
        let held = CorrelationOptions.heldCount(of: windows.count)
        var needed = 2
        while (needed - CorrelationOptions.heldCount(of: needed)) * context < widest / 2 { needed += 1 }
        guard windows.count >= needed else {
            throw EvaluationError.textTooShortForFeedback(
                tokens: min(windows.tokens.count, chunks * context),
                needed: needed * context,
                columns: widest
            )
        }
        self.model = model
        self.options = options
        firstHeld = windows.count - held
        states = try LayerStates(of: model, windows: (0..<windows.count).map { windows[$0].tokens })
        session = try InferenceSession(
            model,
            SessionOptions(context: context, threads: options.threads, readsWholeTexts: true, kernels: options.kernels)
        )
    }

    /// Makes the states before the first layer.
    public func begin() throws {
        for window in states.windows.indices { try session.begin(window, of: states) }
    }

    /// Takes all windows through a layer.
    /// - Parameters:
    ///   - isWanted: whether to collect for a tensor; where it is for none, the layer is run alone.
    ///   - keepsStates: whether the states stay before the layer, for it to be run again.
    ///   - progress: called before each window; what it throws ends the run.
    /// - Returns: what was collected, by matrix. Experts that no token reached are missing.
    /// - Throws: `EvaluationError` where an input is infinite or no number; `QuantizationProblem` where memory is short.
    public func run(
        layer: Int,
        keepsStates: Bool = false,
        isWanted: @escaping (String) -> Bool,
        progress: (_ window: Int) throws -> Void
    ) throws -> [MatrixName: MatrixInputs] {
        try collect(isWanted, progress) { window in
            let before = keepsStates ? Array(states[window]) : []
            try session.run(layer: layer, window, of: states)
            if keepsStates { _ = states[window].update(fromContentsOf: before) }
        }
    }

    /// Collects the output matrix's inputs after the last layer.
    public func runOutput(
        isWanted: @escaping (String) -> Bool,
        progress: (_ window: Int) throws -> Void
    ) throws -> [MatrixName: MatrixInputs] {
        try collect(isWanted, progress) { try session.observeOutput($0, of: states) }
    }

    private func collect(
        _ isWanted: @escaping (String) -> Bool,
        _ progress: (Int) throws -> Void,
        _ run: (Int) throws -> Void
    ) throws -> [MatrixName: MatrixInputs] {
        let collector = CorrelationCollector(kernels: kernels, threads: options.threads, isWanted: isWanted)
        session.observer = collector.observe
        defer { session.observer = nil }
        for window in states.windows.indices {
            try progress(window)
            try run(window)
            try collector.endWindow(isHeld: window >= firstHeld)
        }
        if let bad = collector.inputs.first(where: { !$0.value.correlation.isFinite }) {
            throw EvaluationError.activationsNotFinite(tensor: bad.key.tensor, chunk: states.windows.count)
        }
        return collector.inputs
    }
}
