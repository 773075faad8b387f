import BlockFormats
import Inference
import Quantization
import Tokenizers

/// The options of collecting correlations.
public struct CorrelationOptions: Sendable {
    /// The number of tokens in a window.
    public static let context = 512
    /// The approximate limit of the number of tokens of the text.
    public var tokens = 16384
    /// The number of threads; correlations are the same for any number.
    public var threads = 1
    /// The kernels; nil for the fastest that this processor supports, or for those that `EDGEPIPE_KERNELS` names.
    public var kernels: Kernels?

    /// Returns the number of windows that are held back: the last eighth.
    static func heldCount(of windows: Int) -> Int { max(1, windows / 8) }

    /// Creates the default options, with one thread.
    public init() {}
}

/// Runs a text through a model layer by layer, all windows through one layer before the next, and collects the
/// correlations of the inputs of each layer's matrices. This needs memory for only one layer, and reads the weights
/// once.
public final class CorrelationRun {
    /// The original model: changing the types of other tensors has no effect.
    public let model: LanguageModel
    /// The current hidden states of all windows.
    public let states: LayerStates
    /// The first window that is held back.
    public let firstHeld: Int
    /// The kernels in use: correlations differ between kernels by rounding.
    public var kernels: Kernels { session.kernels }
    private let session: InferenceSession
    private let options: CorrelationOptions

    /// - Parameters:
    ///   - text: UTF-8; one newline at its end is ignored.
    ///   - widest: the most columns of a matrix to be rounded. Fitting uses half as many tokens: with the damped
    ///     diagonal, more tokens would reduce the error further, but not by much.
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

    /// Computes the states before the first layer.
    public func begin() throws {
        for window in states.windows.indices { try session.begin(window, of: states) }
    }

    /// Runs all windows through a layer.
    /// - Parameters:
    ///   - isWanted: whether to collect for a tensor; if it is false for all, the layer is only run.
    ///   - keepsStates: whether the states before the layer are kept, so that it can be run again.
    ///   - progress: called before each window; an error that it throws ends the run.
    /// - Returns: the inputs by matrix. Experts that no token reached are missing.
    /// - Throws: `EvaluationError` if an input is infinite or NaN; `QuantizationProblem` if memory is insufficient.
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
