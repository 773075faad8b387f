import GGUF
import Tensors

/// The number of weights of a model, in total and with one expert per layer.
struct ParameterCount {
    private(set) var total = 0
    /// All weights except experts, plus one expert of each stack.
    private var withOneExpert = 0
    /// The number of experts of a stack; the mean if stacks differ.
    private let expertCount: Int

    init(_ tensors: [GGUFTensor]) {
        var stacks = 0
        var experts = 0
        for tensor in tensors {
            let count = tensor.shape.elementCount
            total += count
            if tensor.name.contains("_exps."), tensor.shape.dimensions.count >= 3 {
                stacks += 1
                experts += tensor.shape.dimensions[2]
                withOneExpert += count / tensor.shape.dimensions[2]
            } else {
                withOneExpert += count
            }
        }
        expertCount = stacks == 0 ? 0 : experts / stacks
    }

    /// `3.8B`, or `8x7.2B` with experts.
    var label: String {
        guard expertCount > 0 else { return GeneralMetadata.sizeLabel(total) }
        return "\(expertCount)x\(GeneralMetadata.sizeLabel(withOneExpert))"
    }
}
