import Architectures

/// The hidden states of several windows of text between two layers, for runs that take all windows through one layer
/// before the next: (windows, T, S E).
public final class LayerStates {
    /// The tokens of each window.
    public let windows: [[Int32]]
    /// The numbers per token.
    public let width: Int
    private let buffers: [FloatBuffer]

    /// Returns the memory that they need, in bytes.
    public static func byteCount(of shape: ModelShape, tokens: Int) -> Int {
        tokens * shape.stateWidth * MemoryLayout<Float>.stride
    }

    /// Creates uninitialized states.
    /// - Throws: `InferenceError` if there is not enough memory.
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

    /// Returns the states of a window.
    public subscript(window: Int) -> UnsafeMutableBufferPointer<Float> {
        UnsafeMutableBufferPointer(start: buffers[window].start, count: windows[window].count * width)
    }
}
