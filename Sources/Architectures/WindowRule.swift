import GGUF

/// Which layers see only the last positions.
struct WindowRule: Sendable, Equatable {
    enum Layers: Sendable, Equatable {
        /// All that attend.
        case all
        /// All but the last of so many, unless the file has another number or a list.
        case allButLast(of: Int)
        /// All but the first of so many, likewise.
        case allButFirst(of: Int)
        /// Those that the file lists.
        case listed
    }

    var layers: Layers
    /// Tokens where the file does not say; nil for no window then.
    var size: Int?
    /// Layers of the family's one size that has windows; nil where all sizes have them.
    var layerCount: Int?
    /// Whether a file that does not say how long the windows are is damaged.
    var isRequired = false

    init(_ layers: Layers, size: Int? = nil, inModelsOf layerCount: Int? = nil, isRequired: Bool = false) {
        self.layers = layers
        self.size = size
        self.layerCount = layerCount
        self.isRequired = isRequired
    }

    /// Whether models of so many layers have windows.
    func isUsed(inModelsOf count: Int) -> Bool { layerCount == nil || layerCount == count }

    /// The window of each layer that attends, in tokens; nil for all positions.
    func windows(_ keys: ShapeReader, count: Int) throws -> [Int?] {
        let none = [Int?](repeating: nil, count: count)
        guard isUsed(inModelsOf: count) else { return none }
        if isRequired { _ = try keys.requiredPositive("attention.sliding_window") }
        guard let size = try keys.whole("attention.sliding_window", from: 0) ?? size, size > 0 else { return none }
        switch layers {
        case .all: return none.map { _ in size }
        case .listed: return try listed(keys, size, count) ?? none
        case .allButFirst(let ownPeriod):
            if let windows = try listed(keys, size, count) { return windows }
            let period = try keys.whole(Self.pattern, from: 0) ?? ownPeriod
            return (0..<count).map { period == 0 || $0 % period != 0 ? size : nil }
        case .allButLast(let ownPeriod):
            if let windows = try listed(keys, size, count) { return windows }
            let period = try keys.whole(Self.pattern, from: 0) ?? ownPeriod
            return (0..<count).map { period == 0 || $0 % period < period - 1 ? size : nil }
        }
    }

    private static let pattern = "attention.sliding_window_pattern"

    /// What the file says of each layer; nil where it does not.
    private func listed(_ keys: ShapeReader, _ size: Int, _ count: Int) throws -> [Int?]? {
        guard case .array(.bool(let slides))? = keys.metadata[keys.key(Self.pattern)] else { return nil }
        guard slides.count == count else {
            throw keys.bad(Self.pattern, "an array of \(slides.count)", "one per layer")
        }
        return slides.map { $0 ? size : nil }
    }
}
