import Recipes

/// The type of a build whose tensor types are chosen automatically: `auto-3.5bpw`, `auto-1.2gb`, `auto-pixel-8`.
enum AutoType {
    static let prefix = "auto-"

    /// Returns the requested goal; nil for another kind of name.
    /// - Parameter name: in lower case.
    static func goal(_ name: String) -> RecipeGoal? {
        guard name.hasPrefix(prefix), name.count > prefix.count else { return nil }
        let wanted = String(name.dropFirst(prefix.count))
        if wanted.hasSuffix("bpw") {
            guard let bits = Double(wanted.dropLast(3)), bits > 0, bits <= 32 else { return nil }
            return .budget(.bitsPerWeight(bits))
        }
        if wanted.first?.isNumber == true {
            return (try? Operations.byteCount(wanted)).map { .budget(.bytes($0)) }
        }
        return .device(id: wanted, context: nil, tokensPerSecond: nil)
    }
}
