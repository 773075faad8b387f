import GGUF
import Registry
import Tensors

extension GGUFFile {
    /// Tensors below this size are not worth a part of their own: what lies between two larger ones is one part.
    private static let smallestTensor = 1 << 16

    /// Where the registry shall cut the file, so that a tensor that two builds share is stored once. Whether a cut is made
    /// depends on the tensors beside it alone, so one tensor that changes moves no other part.
    package var partCuts: [PartCut] {
        var cuts: [PartCut] = []
        var previousWasLarge = false
        for (tensor, offset) in zip(tensors, offsets).sorted(by: { $0.1 < $1.1 }) {
            let isLarge = tensor.byteCount >= Self.smallestTensor
            if isLarge || previousWasLarge {
                cuts.append(PartCut(offset: offset, elementBytes: isLarge ? tensor.type.floatBytes : 1))
            }
            previousWasLarge = isLarge
        }
        return cuts
    }
}

extension TensorType {
    /// Bytes of one plain number, where numbers are what the tensor holds; 1 for blocks.
    fileprivate var floatBytes: Int {
        switch self {
        case .f16, .bf16: 2
        case .f32: 4
        default: 1
        }
    }
}
