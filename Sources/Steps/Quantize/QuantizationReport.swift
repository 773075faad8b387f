import BinaryIO
import Foundation
import GGUF
import Quantization
import SystemPackage
import Tensors

/// The planned or actual result of a quantization, tensor by tensor.
public struct QuantizationReport: Codable, Sendable {
    /// The plan or result of one tensor.
    public struct Tensor: Codable, Sendable {
        /// The tensor's name in the file.
        public var name: String
        /// The name of the actual type.
        public var type: String
        /// The size of its data, in bytes.
        public var bytes: Int
        /// Whether the shape did not allow the requested type.
        public var fallback: Bool
        /// The name of the type that the policy requested, if the shape did not allow it.
        public var wanted: String?
        /// The reason for the other type.
        public var reason: String?
        /// The type in the source, if it differs.
        public var from: String?
        /// The root mean square error, divided by the root mean square of the weights.
        public var relativeError: Double?
        /// The share of the outputs' mean square that became error, by the importance matrix.
        public var weightedError: Double?
        /// Whether the tensor lies on a grid of four bits and keeps it; absent if the rounding does not check.
        public var keepsGrid: Bool?
        /// The outcome of rounding with feedback; absent for other roundings and in plans.
        public var feedback: FeedbackRecord?
    }

    /// The name of the file type, or COPY.
    public var type: String
    /// The size of all files, in bytes.
    public var bytes: Int
    /// The average over all weights.
    public var bitsPerWeight: Double
    /// The error over all tensors whose type changed.
    public var relativeError: Double?
    /// The tensors in file order.
    public var tensors: [Tensor]
    /// The files that were written, if there are several.
    public var outputs: [String]?
    /// The peak memory of rounding with feedback, in bytes; nil for other roundings.
    public var feedbackMemory: Int?

    init(
        _ plan: QuantizationPlan,
        _ options: QuantizationOptions,
        _ outcomes: [TensorOutcome],
        outputs: [FilePath] = [],
        feedback: [String: FeedbackRecord] = [:]
    ) {
        type = options.copiesOnly ? "COPY" : plan.fileType.name
        bytes = plan.byteCount
        bitsPerWeight = plan.bitsPerWeight
        let known = outcomes.compactMap(\.loss)
        relativeError = known.isEmpty ? nil : known.reduce(QuantizationLoss(), +).relativeError
        self.outputs = outputs.count > 1 ? outputs.map(\.string) : nil
        tensors = plan.tensors.enumerated().map { index, tensor in
            let outcome = outcomes.isEmpty ? nil : outcomes[index]
            return Tensor(
                name: tensor.target.name,
                type: tensor.target.type.name,
                bytes: tensor.target.byteCount,
                fallback: tensor.isFallback,
                wanted: tensor.wanted?.name,
                reason: tensor.fallbackReason,
                from: tensor.isChanged ? tensor.source.type.name : nil,
                relativeError: outcome?.loss?.relativeError,
                weightedError: outcome?.loss?.weightedError,
                keepsGrid: outcome?.keepsGrid,
                feedback: feedback[tensor.target.name]
            )
        }
    }
}

extension QuantizationReport {
    /// A description of how many tensors kept the grid they were trained to; nil if the rounding does not check.
    public var gridSummary: String? {
        let grids = tensors.compactMap(\.keepsGrid)
        guard !grids.isEmpty else { return nil }
        let kept = grids.count { $0 }
        let summary = "\(kept) of \(grids.count) Q4_0 tensors lie on a grid of four bits and keep it"
        return kept == grids.count ? summary : summary + "; the others are rounded as llama-quantize does"
    }
}

/// The outcome of a tensor to be rounded with feedback.
public typealias FeedbackRecord = Quantization.FeedbackRecord

extension QuantizationReport {
    /// A description of how many tensors used feedback, and with what effect; nil for other roundings.
    public var feedbackSummary: String? {
        let records = tensors.compactMap { tensor in tensor.feedback.map { (tensor.name, $0) } }
        guard !records.isEmpty else { return nil }
        let taken = records.filter { $0.1.taken > 0 }
        var text = "\(taken.count) of \(records.count) tensors are rounded with feedback"
        let ratios = taken.map { $0.1.error / $0.1.plainError }
        if !ratios.isEmpty {
            // A geometric mean weighs tensors equally: squared errors of outputs differ by powers of ten.
            let mean = exp(ratios.reduce(0) { $0 + log(max($1, 1e-300)) } / Double(ratios.count))
            text += "; of their outputs' squared error on held-back text \((100 * mean).formatted(1)) % is left"
        }
        let reasons = Dictionary(grouping: records.filter { $0.1.taken == 0 }) { $0.1.reason ?? "" }
        for (reason, tensors) in reasons.sorted(by: { $0.key < $1.key }) {
            let others = tensors.count == 1 ? "" : " and \(tensors.count - 1) more"
            text += "\n  \(tensors[0].0)\(others): rounded as llama-quantize does, because \(reason)"
        }
        let experts = records.reduce((0, 0)) { ($0.0 + $1.1.pooled, $0.1 + ($1.1.matrices > 1 ? $1.1.unseen : 0)) }
        if experts.0 > 0 {
            text += "\n  \(experts.0) experts that few tokens reached are fitted to what all experts saw"
        }
        return text
    }
}

extension PlannedTensor {
    /// A description of why the requested type was not possible.
    var fallbackReason: String? {
        guard let wanted else { return nil }
        return "rows of \(source.shape.rowLength) are not a multiple of \(wanted.block.elements)"
    }
}
