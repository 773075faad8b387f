import Recipes
import SystemPackage

/// Of what model to work out what its tensors cost, and how.
public struct CostRequest: Sendable {
    /// A GGUF file of f32, f16 or bf16.
    public var model: FilePath
    /// A text like those that the model will read; its last quarter is held back for judging builds.
    public var text: FilePath
    /// The types that are compared.
    public var ladder = TypeLadder.k
    /// An importance matrix that rows are rounded by; the activations of the same windows where there is none.
    public var importanceMatrix: FilePath?
    /// Tokens of a window.
    public var context = 512
    /// Windows that gradients are taken of.
    public var chunks = 16
    /// What labels are drawn by.
    public var seed: UInt64 = 0
    /// How many work at a time.
    public var threads = 1

    /// With one thread and the K types.
    public init(model: FilePath, text: FilePath) { (self.model, self.text) = (model, text) }
}
