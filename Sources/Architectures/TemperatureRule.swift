import GGUF

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// Scales queries with the logarithm of their position, in steps as long as the context of the training.
///
/// Source: Meta, "The Llama 4 herd", 2025; as in llama.cpp for Ministral 3.
public struct TemperatureRule: Sendable, Equatable {
    /// The logarithm's factor.
    public let scale: Float
    /// The length of a step, in positions.
    public let length: Int

    /// - Returns: nil if the file has no such factor.
    init?(_ keys: ShapeReader) throws {
        guard let scale = try keys.float("attention.temperature_scale"), scale != 0 else { return nil }
        self.scale = scale
        length = try (keys.positive("rope.scaling.original_context_length") ?? keys.positive("context_length"))
            .required(keys.key("rope.scaling.original_context_length"))
    }

    /// The factor of the queries at a position.
    public func factor(at position: Int) -> Float { logf(Float(position / length) + 1) * scale + 1 }
}
