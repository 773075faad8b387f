import Architectures

/// All that a model remembers of one sequence: keys and values of every position, and what other mixers carry from one
/// token to the next.
final class SequenceState: Sendable {
    /// Keys and values of the layers that attend.
    let cache: KeyValueCache
    /// For each layer what it carries on, whatever the sequence's length; empty where it carries nothing.
    private let constants: [FloatBuffer]

    /// - Parameters:
    ///   - capacity: positions there is room for.
    ///   - isShared: whether all layers use the same places of the cache, one after the other: enough where every text
    ///     is one batch.
    init(_ shape: ModelShape, capacity: Int, type: CacheType, isShared: Bool) throws(InferenceProblem) {
        cache = try KeyValueCache(shape, capacity: capacity, type: type, isShared: isShared)
        var constants: [FloatBuffer] = []
        for layer in shape.layers {
            constants.append(try FloatBuffer(count: layer.mixer.state.constant, purpose: "state of a layer"))
        }
        self.constants = constants
    }

    /// Positions there is room for.
    var capacity: Int { cache.capacity }

    /// Bytes of all numbers.
    var byteCount: Int { cache.byteCount + constants.reduce(0) { $0 + $1.count * MemoryLayout<Float>.stride } }

    /// What a layer carries on. What an earlier sequence left there is the mixer's to forget.
    func constant(_ layer: Int) -> FloatBuffer { constants[layer] }
}
