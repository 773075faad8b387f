import Architectures

/// The hidden states of several windows of text between two layers, for runs that take all windows through one layer before
/// the next: (windows, T, S E).
public final class LayerStates {
    /// Tokens of each window.
    public let windows: [[Int32]]
    /// Numbers of a token.
    public let width: Int
    private let buffers: [FloatBuffer]

    /// What they take in memory.
    public static func byteCount(of shape: ModelShape, tokens: Int) -> Int {
        tokens * shape.stateWidth * MemoryLayout<Float>.stride
    }

    /// States that are yet to be made.
    /// - Throws: `InferenceError` where there is no memory for them.
    public init(of model: LanguageModel, windows: [[Int32]]) throws {
        self.windows = windows
        let width = model.shape.stateWidth
        self.width = width
        do {
            buffers = try windows.map { try FloatBuffer(count: $0.count * width, purpose: "states between layers") }
        } catch let problem as InferenceProblem {
            throw InferenceError(path: model.path, problem: problem)
        }
    }

    /// The states of a window.
    public subscript(window: Int) -> UnsafeMutableBufferPointer<Float> {
        UnsafeMutableBufferPointer(start: buffers[window].start, count: windows[window].count * width)
    }
}
