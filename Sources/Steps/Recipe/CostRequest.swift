import Recipes
import SystemPackage

/// A request to compute the costs of a model's tensors.
public struct CostRequest: Sendable {
    /// A GGUF file of f32, f16 or bf16.
    public var model: FilePath
    /// A text similar to what the model will read; its last quarter is held back for judging builds.
    public var text: FilePath
    /// The types to compare.
    public var ladder = TypeLadder.k
    /// The importance matrix for rounding rows; nil to use the activations of the same windows.
    public var importanceMatrix: FilePath?
    /// The number of tokens per window.
    public var context = 512
    /// The number of windows for which gradients are computed.
    public var chunks = 16
    /// The seed for sampling labels.
    public var seed: UInt64 = 0
    /// The number of threads.
    public var threads = 1

    /// Creates a request with one thread and the K types.
    public init(model: FilePath, text: FilePath) { (self.model, self.text) = (model, text) }
}
