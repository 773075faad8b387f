import Tensors

/// The divergence that each tensor of a model costs at each type that it may have, in nats per token.
///
/// The predicted loss of a build is the sum over its tensors. It ranks builds of the same size. The actual loss has to
/// be measured, because the errors of many tensors together have a larger or smaller effect than the sum.
public struct CostTable: Codable, Equatable, Sendable {
    /// How a tensor's costs were obtained.
    public enum Source: String, Codable, Sendable {
        /// Computed from the gradients for labels sampled from the model itself.
        case fisher
        /// Measured with only this tensor quantized to one type; the costs of other types are in proportion to their
        /// errors.
        case measured
        /// The costs are raw errors, not scaled to a divergence: only their ratios are meaningful.
        case unknown
    }

    /// The cost of one type.
    public struct Choice: Codable, Equatable, Sendable {
        /// The type's name in GGUF: "Q4_K".
        public var type: String
        /// Size of the tensor's data, in bytes.
        public var bytes: Int
        /// Mean divergence from the original model, in nats per token.
        public var cost: Double

        /// Creates a value from its parts; each parameter is documented on its property.
        public init(type: TensorType, bytes: Int, cost: Double) {
            (self.type, self.bytes, self.cost) = (type.name, bytes, cost)
        }

        /// The type; nil if the name is invalid, which a handwritten table may contain.
        public var tensorType: TensorType? { TensorType(name: type) }
    }

    /// The costs of one tensor.
    public struct Tensor: Codable, Equatable, Sendable {
        /// The tensor's name in the file.
        public var name: String
        /// How the costs were obtained.
        public var source: Source
        /// The choices, smallest first.
        public var choices: [Choice]

        /// Creates a value from its parts; each parameter is documented on its property.
        public init(name: String, source: Source, choices: [Choice]) {
            (self.name, self.source, self.choices) = (name, source, choices)
        }

        /// The choice with this type.
        public subscript(type: TensorType) -> Choice? { choices.first { $0.type == type.name } }

        /// The tensor with all costs multiplied, after it was measured at one type.
        public func scaled(by factor: Double, source: Source) -> Tensor {
            var copy = self
            copy.source = source
            for index in copy.choices.indices { copy.choices[index].cost *= factor }
            return copy
        }
    }

    /// The tensors, in the order of the output file.
    public var tensors: [Tensor]

    /// Creates a table of these tensors.
    public init(tensors: [Tensor]) { self.tensors = tensors }

    /// The costs of the tensor with this name.
    public subscript(name: String) -> Tensor? { tensors.first { $0.name == name } }

    /// The predicted cost of a build with these types, in nats per token; nil if one of them is not in the table.
    public func cost(of types: [String: TensorType]) -> Double? {
        var sum = 0.0
        for tensor in tensors {
            guard let type = types[tensor.name], let choice = tensor[type] else { return nil }
            sum += choice.cost
        }
        return sum
    }
}
