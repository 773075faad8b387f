import Recipes

/// The type of a build whose tensors' types are chosen for it: `auto-3.5bpw`, `auto-1.2gb`, `auto-pixel-8`.
enum AutoType {
    static let prefix = "auto-"

    /// What is asked for; nil for another kind of name.
    /// - Parameter name: in small letters.
    static func goal(_ name: String) -> RecipeGoal? {
        guard name.hasPrefix(prefix), name.count > prefix.count else { return nil }
        let wanted = String(name.dropFirst(prefix.count))
        if wanted.hasSuffix("bpw") {
            guard let bits = Double(wanted.dropLast(3)), bits > 0, bits <= 32 else { return nil }
            return .budget(.bitsPerWeight(bits))
        }
        // A size begins with a digit; a device that does so has its name checked below.
        if wanted.first?.isNumber == true, let bytes = try? Operations.byteCount(wanted) {
            return .budget(.bytes(bytes))
        }
        return .device(id: wanted, context: nil, tokensPerSecond: nil)
    }
}
