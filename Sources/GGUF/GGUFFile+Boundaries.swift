import Tensors

/// The beginning of a tensor, or of the bytes between two, in a file.
public struct TensorBoundary: Hashable, Sendable {
    /// The offset in bytes from the start of the file.
    public let offset: Int
    /// The bytes of one plain number, if numbers follow; 1 for blocks and for everything else.
    public let elementBytes: Int
}

extension GGUFFile {
    /// The smallest tensor with a part of its own, in bytes: smaller ones between two larger ones are one part.
    private static let smallestTensor = 1 << 16

    /// The cuts, in the order of the file, that make a tensor shared by two files the same piece in both. A cut depends
    /// only on the tensors beside it, so a changed tensor moves no other piece.
    public var boundaries: [TensorBoundary] {
        var cuts: [TensorBoundary] = []
        var previousWasLarge = false
        for (tensor, offset) in zip(tensors, offsets).sorted(by: { $0.1 < $1.1 }) {
            let isLarge = tensor.byteCount >= Self.smallestTensor
            if isLarge || previousWasLarge {
                cuts.append(TensorBoundary(offset: offset, elementBytes: isLarge ? tensor.type.floatBytes : 1))
            }
            previousWasLarge = isLarge
        }
        return cuts
    }
}

extension TensorType {
    fileprivate var floatBytes: Int {
        switch self {
        case .f16, .bf16: 2
        case .f32: 4
        default: 1
        }
    }
}
