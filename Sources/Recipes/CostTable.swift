import Tensors

/// The divergence that each tensor of a model costs at each type that it may have, in nats a token.
///
/// Costs are added up: what a whole build loses is predicted as the sum over its tensors. That ranks builds of one size; how much one
/// loses has to be measured, since errors of many tensors together do more than each alone, or less.
public struct CostTable: Codable, Equatable, Sendable {
    /// Where a tensor's costs come from.
    public enum Source: String, Codable, Sendable {
        /// From the gradients of labels that the model itself would write.
        case fisher
        /// The tensor alone was quantized to one type and the divergence measured; other types in proportion to their errors.
        case measured
        /// The costs are errors that nothing was compared with yet: only their ratios mean something.
        case unknown
    }

    /// What one type costs.
    public struct Choice: Codable, Equatable, Sendable {
        /// As GGUF names it: "Q4_K".
        public var type: String
        /// Of the tensor's data.
        public var bytes: Int
        /// Mean divergence from the model as it is, in nats a token.
        public var cost: Double

        /// Every value is as its property describes it.
        public init(type: TensorType, bytes: Int, cost: Double) {
            (self.type, self.bytes, self.cost) = (type.name, bytes, cost)
        }

        /// The type; nil for a name that is none, in a table that somebody wrote by hand.
        public var tensorType: TensorType? { TensorType(name: type) }
    }

    /// The costs of one tensor.
    public struct Tensor: Codable, Equatable, Sendable {
        /// As the file has it.
        public var name: String
        /// See `Source`.
        public var source: Source
        /// The smallest first.
        public var choices: [Choice]

        /// Every value is as its property describes it.
        public init(name: String, source: Source, choices: [Choice]) {
            (self.name, self.source, self.choices) = (name, source, choices)
        }

        /// The choice of a type.
        public subscript(type: TensorType) -> Choice? { choices.first { $0.type == type.name } }

        /// The same, with all costs multiplied: the tensor was measured at one type.
        public func scaled(by factor: Double, source: Source) -> Tensor {
            var copy = self
            copy.source = source
            for index in copy.choices.indices { copy.choices[index].cost *= factor }
            return copy
        }
    }

    /// In the order of the file that is made.
    public var tensors: [Tensor]

    /// A table of these tensors.
    public init(tensors: [Tensor]) { self.tensors = tensors }

    /// The costs of a tensor.
    public subscript(name: String) -> Tensor? { tensors.first { $0.name == name } }

    /// What a build of these types costs; nil where one of them is not in the table.
    public func cost(of types: [String: TensorType]) -> Double? {
        var sum = 0.0
        for tensor in tensors {
            guard let type = types[tensor.name], let choice = tensor[type] else { return nil }
            sum += choice.cost
        }
        return sum
    }
}
