import GGUF

/// Removes layers and closes the gaps: the layers after them move up.
struct LayerPruning {
    /// The number of remaining layers.
    private(set) var layerCount = 0
    private let pruned: Set<Int>
    /// The new number of each remaining layer, by the old one.
    private var numbers: [Int: Int] = [:]

    /// - Parameter pruned: the layers to remove; if empty, every name stays as it is.
    /// - Throws: `QuantizationProblem.noLayerLeft`.
    init(_ pruned: Set<Int>, of tensors: [GGUFTensor]) throws {
        self.pruned = pruned
        guard let first = pruned.min() else { return }
        let layers = Set(tensors.compactMap { Self.layer(in: $0.name)?.number })
        for layer in layers.sorted() where !pruned.contains(layer) {
            numbers[layer] = layer < first ? layer : layerCount
            layerCount = numbers[layer, default: layer] + 1
        }
        guard layerCount > 0 else { throw QuantizationProblem.noLayerLeft }
    }

    /// Returns the tensor's new name; nil if its layer is removed.
    func newName(of tensor: GGUFTensor) -> String? {
        guard !pruned.isEmpty, let layer = Self.layer(in: tensor.name) else { return tensor.name }
        guard let number = numbers[layer.number] else { return nil }
        return tensor.name[..<layer.range.lowerBound] + "\(number)" + tensor.name[layer.range.upperBound...]
    }

    /// Returns the number in `blk.7.`, anywhere in a name.
    private static func layer(in name: String) -> (number: Int, range: Range<String.Index>)? {
        guard let match = name.firstMatch(of: /blk\.([0-9]+)\./), let number = Int(match.1) else { return nil }
        return (number, match.1.startIndex..<match.1.endIndex)
    }
}
