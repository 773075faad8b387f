import GGUF

/// The rotary embedding of a layer's queries and keys.
public enum PositionRule: Sendable {
    /// None (NoPE).
    case none
    /// The model's rotary embedding.
    case everywhere
    /// The rotary embedding for layers with a window.
    case local
}

extension PositionRule {
    /// The rule of each layer.
    static func all(_ keys: ShapeReader, _ family: Family, windows: [Int?]) throws -> [PositionRule] {
        // Granite's switch for RoPE has the key of another setting.
        let name = keys.key("rope.scaling.finetuned")
        let isSwitchedOff = try family.maySwitchPositions && keys.metadata.bool(name) == false
        let areUnturned = family.rotaryLayout == nil || family.lacksPositions || isSwitchedOff
        let rotatesWindowsOnly =
            family.rotatesWindowsOnly && family.windows?.isUsed(inModelsOf: windows.count) == true
        return windows.enumerated().map { index, window in
            let isUnturned =
                areUnturned || family.layersPerUnturned.map { (index + 1).isMultiple(of: $0) } ?? false
                || rotatesWindowsOnly && window == nil
            return isUnturned ? .none : window == nil ? .everywhere : .local
        }
    }
}
