import GGUF
import Tensors

/// How many weights a model has, in all and with one expert a layer.
struct ParameterCount {
    private(set) var total = 0
    /// All but the experts, and one expert of each stack.
    private var withOneExpert = 0
    /// How many experts a stack has; the mean where they differ.
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
