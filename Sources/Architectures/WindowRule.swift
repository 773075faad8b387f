import GGUF

/// The layers that only attend to the last positions.
struct WindowRule: Sendable, Equatable {
    enum Layers: Sendable, Equatable {
        /// All layers with attention.
        case all
        /// All but every n-th, unless the file has another number or a list.
        case allButLast(of: Int)
        /// All but the first of every n, unless the file has another number or a list.
        case allButFirst(of: Int)
        /// The layers that the file lists.
        case listed
    }

    var layers: Layers
    /// The default length of a window, in tokens; nil for no window by default.
    var size: Int?
    /// The number of layers of the one model that has windows; nil if all models have them.
    var layerCount: Int?
    /// Whether the file must give the length of windows.
    var isRequired = false

    init(_ layers: Layers, size: Int? = nil, inModelsOf layerCount: Int? = nil, isRequired: Bool = false) {
        self.layers = layers
        self.size = size
        self.layerCount = layerCount
        self.isRequired = isRequired
    }

    /// Whether models with this number of layers have windows.
    func isUsed(inModelsOf count: Int) -> Bool { layerCount == nil || layerCount == count }

    /// The window of each layer with attention, in tokens; nil for all positions.
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

    /// The windows that the file lists; nil if it has no list.
    private func listed(_ keys: ShapeReader, _ size: Int, _ count: Int) throws -> [Int?]? {
        guard case .array(.bool(let slides))? = keys.metadata[keys.key(Self.pattern)] else { return nil }
        guard slides.count == count else {
            throw keys.bad(Self.pattern, "an array of \(slides.count)", "one per layer")
        }
        return slides.map { $0 ? size : nil }
    }
}
