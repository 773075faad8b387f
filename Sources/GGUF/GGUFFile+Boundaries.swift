import Tensors

/// Where a tensor, or what lies between two, begins in a file.
public struct TensorBoundary: Hashable, Sendable {
    /// Bytes from the start of the file.
    public let offset: Int
    /// Bytes of one plain number, where numbers are what follows; 1 for blocks and for everything else.
    public let elementBytes: Int
}

extension GGUFFile {
    /// Tensors below this size, in bytes, are not worth a part of their own: what lies between two larger ones is one part.
    private static let smallestTensor = 1 << 16

    /// Where to cut the file so that a tensor that two files share is the same piece in both, in the order of the file. Whether
    /// a cut is made depends on the tensors beside it alone, so one tensor that changes moves no other piece.
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
