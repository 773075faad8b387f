import Architectures

/// The state of one sequence: keys and values of every position, and the numbers that other mixers carry from one token
/// to the next.
final class SequenceState: Sendable {
    /// The keys and values of layers with attention.
    let cache: KeyValueCache
    /// The numbers that each layer carries, independent of the sequence's length; empty for none.
    private let constants: [FloatBuffer]

    /// - Parameters:
    ///   - capacity: the largest number of positions.
    ///   - isShared: whether all layers use the same memory of the cache, one after the other, which suffices if every
    ///     text is one batch.
    init(_ shape: ModelShape, capacity: Int, type: CacheType, isShared: Bool) throws(InferenceProblem) {
        cache = try KeyValueCache(shape, capacity: capacity, type: type, isShared: isShared)
        var constants: [FloatBuffer] = []
        for layer in shape.layers {
            constants.append(try FloatBuffer(count: layer.mixer.state.constant, purpose: "state of a layer"))
        }
        self.constants = constants
    }

    /// The largest number of positions.
    var capacity: Int { cache.capacity }

    /// The size of all numbers, in bytes.
    var byteCount: Int { cache.byteCount + constants.reduce(0) { $0 + $1.count * MemoryLayout<Float>.stride } }

    /// Returns the numbers that a layer carries. The mixer must clear those of an earlier sequence.
    func constant(_ layer: Int) -> FloatBuffer { constants[layer] }
}
