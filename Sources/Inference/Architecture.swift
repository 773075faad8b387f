/// The model families that the engine runs. What sets them apart is a handful of traits, not separate code.
public enum Architecture: String, Sendable, CaseIterable {
    case llama
    case phi3
    case qwen2

    /// Which two elements of a head turn together under the rotary embedding.
    enum RotaryLayout: Sendable {
        /// Neighbours: 0 and 1, 2 and 3.
        case adjacent
        /// An element of the first half and its counterpart in the second.
        case halves
    }

    var rotaryLayout: RotaryLayout {
        switch self {
        case .llama: .adjacent
        case .phi3, .qwen2: .halves
        }
    }
}
