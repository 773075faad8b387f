import Architectures
import GGUF
import Tensors

/// Chooses a tensor's type: from the assignment if that names it, otherwise from options, mix and shape in
/// llama-quantize's order of precedence.
package struct TypeChooser {
    private let fileType: FileType
    private let assignment: TypeAssignment
    private let facts: ModelFacts
    private let options: QuantizationOptions
    private let rules: [(pattern: Regex<AnyRegexOutput>, type: TensorType)]
    private var mix: TypeMix

    package struct Choice {
        package let type: TensorType
        /// The requested type, if the shape did not allow it.
        package var wanted: TensorType?
        /// Whether the tensor may change its type at all.
        package var isQuantizable = true
    }

    /// - Parameter tensors: the tensors of the output file, in its order.
    /// - Throws: `QuantizationProblem` for a rule that is not a regular expression, or an assignment of a tensor that
    ///   does not exist.
    package init(
        _ policy: TypePolicy,
        _ facts: ModelFacts,
        tensors: [GGUFTensor],
        _ options: QuantizationOptions
    ) throws {
        (fileType, assignment) = (policy.fileType, policy.assignment)
        self.facts = facts
        self.options = options
        rules = try options.tensorTypes.map { rule in
            guard let pattern = try? Regex(rule.pattern) else { throw QuantizationProblem.badPattern(rule.pattern) }
            return (pattern, rule.type)
        }
        if !options.copiesOnly { try assignment.check(against: tensors) }
        mix = TypeMix(fileType, facts, tensors: tensors, hasImportanceMatrix: options.importanceMatrix != nil)
    }

    /// Returns the type for the next tensor; tensors must come in file order, because some mixes count them.
    ///
    /// As with a rule, a tensor that the assignment names does not reach the mix and is not counted.
    /// - Throws: `QuantizationProblem` if the requested type does not suit the tensor.
    package mutating func choice(for tensor: GGUFTensor) throws -> Choice {
        guard !options.copiesOnly else { return Choice(type: tensor.type) }
        var choice: Choice
        let isQuantizable = Quantizable.allows(tensor, by: facts.architecture.storage)
        if let type = try assignment.type(of: tensor, mayChange: isQuantizable) {
            choice = Choice(type: type)
        } else if !isQuantizable || (options.leaveOutputTensor && tensor.name == "output.weight") {
            choice = Choice(type: tensor.type)
        } else {
            choice = try unassignedChoice(for: tensor)
        }
        choice.isQuantizable = isQuantizable
        return choice
    }

    private mutating func unassignedChoice(for tensor: GGUFTensor) throws -> Choice {
        let role = TensorRole(name: tensor.name)
        let rule = rules.first { tensor.name.firstMatch(of: $0.pattern) != nil }?.type
        if let type = options.tokenEmbeddingType, role == .tokenEmbedding {
            // The large per-layer table uses this type unless a rule names it.
            if tensor.name != "per_layer_token_embd.weight" || rule == nil { return Choice(type: type) }
        }
        if let type = options.outputTensorType, role == .output { return Choice(type: type) }
        let standard = fileType.defaultTensorType
        guard standard.isQuantized else { return Choice(type: standard) }
        if let rule { return try fitting(rule, tensor) }
        if options.pure { return try fitting(standard, tensor) }
        if let type = options.outputTensorType, role == .tokenEmbedding, mix.isTied { return try fitting(type, tensor) }
        return try fitting(try mix.type(of: tensor, default: standard), tensor)
    }

    /// Returns the type itself, or one with smaller blocks if the rows are not a whole number of blocks.
    /// - Throws: `QuantizationProblem.unsuitableShape` for types without a replacement.
    private func fitting(_ type: TensorType, _ tensor: GGUFTensor) throws -> Choice {
        let rowLength = tensor.shape.rowLength
        guard !rowLength.isMultiple(of: type.block.elements) else { return Choice(type: type) }
        let smaller: TensorType =
            switch type {
            case .iq1_s, .iq1_m, .iq2_xxs, .iq2_xs, .iq2_s, .iq3_xxs, .iq3_s, .iq4_xs: .iq4_nl
            case .q2_0, .q2_K, .q3_K, .tq1_0, .tq2_0: .q4_0
            case .q4_K: .q5_0
            case .q5_K: .q5_1
            case .q6_K: .q8_0
            case _ where type.block.elements <= 32: type
            default:
                throw QuantizationProblem.unsuitableShape(tensor: tensor.name, type: type.name, rowLength: rowLength)
            }
        let fits = rowLength.isMultiple(of: smaller.block.elements)
        return Choice(type: fits ? smaller : .f16, wanted: type)
    }
}
