import Architectures
import BinaryIO
import GGUF
import Quantization
import Tensors

/// One tensor to be rounded to one type: the unit that is stored.
struct FeedbackItem {
    /// The tensor's name in the model that is run.
    let name: String
    let tensor: PlannedTensor
    /// The layer that computes the tensor's inputs; the number of layers for the output matrix.
    let stage: Int
    /// The stem of its files' names.
    let stem: String

    /// The number of columns of the tensor's matrices.
    var columns: Int { tensor.source.shape.rowLength }

    init(_ tensor: PlannedTensor, stage: Int) {
        (name, self.tensor, self.stage) = (tensor.source.name, tensor, stage)
        let importance = tensor.importance.map { $0.withUnsafeBytes { SHA256Digest(of: $0).description } } ?? "none"
        let digest = SHA256Digest(of: "\(tensor.source.name)\n\(tensor.target.type.name)\n\(importance)".utf8)
        stem = digest.short
    }

    /// Returns the items to round for some outputs, in rounding order; an item needed by several outputs is listed
    /// once.
    static func all(of plans: [QuantizationPlan], _ shape: ModelShape) -> [FeedbackItem] {
        var items: [String: FeedbackItem] = [:]
        for plan in plans {
            for tensor in plan.tensors where tensor.mayFeedBack {
                guard let stage = stage(of: tensor, in: plan, shape) else { continue }
                let item = FeedbackItem(tensor, stage: stage)
                items[item.stem] = item
            }
        }
        return items.values.sorted { ($0.stage, $0.name, $0.stem) < ($1.stage, $1.name, $1.stem) }
    }

    /// Returns the layer that computes the tensor's inputs, or the number of layers for the output matrix; nil if no
    /// layer does.
    static func stage(of tensor: PlannedTensor, in plan: QuantizationPlan, _ shape: ModelShape) -> Int? {
        stage(of: tensor, hasOutput: plan.tensors.contains { $0.source.name == "output.weight" }, shape)
    }

    /// - Parameter hasOutput: whether the model has its own output matrix; otherwise it uses the transposed embedding.
    static func stage(of tensor: PlannedTensor, hasOutput: Bool, _ shape: ModelShape) -> Int? {
        let count = shape.layers.count
        if tensor.source.name == (hasOutput ? "output.weight" : "token_embd.weight") { return count }
        guard let match = tensor.source.name.prefixMatch(of: /blk\.([0-9]+)\./), let layer = Int(match.1), layer < count
        else { return nil }
        return layer
    }
}
