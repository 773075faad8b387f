import Architectures

/// The memory for keeping the numbers that the gradients of all layers need.
enum KeptLayers {
    /// The most numbers, 2 GB: enough for small models, whose layers are then not computed twice.
    static let most = 1 << 29

    /// Returns how many numbers the layers keep for a window.
    /// - Returns: nil for a model with parts other than attention and dense networks, whose layers are computed again.
    static func count(_ shape: ModelShape, tokens: Int) -> Int? {
        guard shape.streams == nil else { return nil }
        var sum = 0
        for layer in shape.layers {
            guard case .attention(let attention) = layer.mixer, case .dense(let dense) = layer.network else {
                return nil
            }
            let queries = attention.headCount * attention.keyLength
            let keys = attention.keyValueHeadCount * attention.keyLength
            let isNormed = attention.headNorm != .none || attention.normalizesValues
            let mixer = (isNormed ? 2 : 1) * (queries + 2 * keys) + (attention.gatesOutput ? 4 : 1) * queries
            let network = (dense.activation.isGated ? 3 : 2) * dense.length
            let states = (layer.inputLength > 0 ? 8 : 6) * shape.embeddingLength + 2 * layer.inputLength
            sum += mixer + network + states
        }
        let (all, overflow) = sum.multipliedReportingOverflow(by: tokens)
        return overflow ? nil : all
    }
}
