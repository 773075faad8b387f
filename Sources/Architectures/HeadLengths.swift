import GGUF

/// The lengths of a head's key and value, in elements, in layers with a window and in other layers.
struct HeadLengths {
    /// The lengths in layers without a window.
    let full: (key: Int, value: Int)
    /// The lengths in layers with a window.
    let local: (key: Int, value: Int)

    /// - Parameters:
    ///   - width: the width of the hidden state.
    ///   - heads: the number of query heads of each layer.
    /// - Throws: `ShapeProblem`, or `GGUFProblem` for a value of the wrong type.
    init(_ keys: ShapeReader, _ family: Family, width: Int, heads: [Int]) throws {
        full = try Self.full(keys, family, width: width, heads: heads)
        guard family.hasLocalHeads else {
            local = full
            return
        }
        let key = try keys.positive("attention.key_length_swa")
        let value = try keys.positive("attention.value_length_swa")
        local = (key ?? full.key, value ?? full.value)
    }

    func inLayer(window: Int?) -> (key: Int, value: Int) { window == nil ? full : local }

    private static func full(
        _ keys: ShapeReader,
        _ family: Family,
        width: Int,
        heads: [Int]
    ) throws -> (key: Int, value: Int) {
        let least = family.isInFull ? 1 : 0
        let headCount = heads.first { $0 > 0 } ?? 1
        let key = try keys.whole("attention.key_length", from: least) ?? width / headCount
        guard key >= least else { throw keys.bad("attention.head_count", headCount, "at most the embedding length") }
        // Latent attention caches one row per token, which is both key and value.
        if try keys.positive("attention.key_length_mla") != nil { return (key, 0) }
        return (key, try keys.whole("attention.value_length", from: least) ?? width / headCount)
    }
}
