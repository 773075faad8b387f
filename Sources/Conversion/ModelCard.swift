import Yams

/// The model card of the authors: the YAML before the text of README.md.
///
/// A card that cannot be parsed is ignored, because conversion works without one.
package struct ModelCard {
    private let entries: Node.Mapping

    /// - Returns: nil if the text has no valid front matter.
    package init?(_ text: String) {
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        guard lines.first == "---" else { return nil }
        var yaml = lines.dropFirst().prefix { $0 != "---" }.joined(separator: "\n") + "\n"
        yaml = yaml.replacing("\t", with: "  ")
        // An alias stands for a copy, and copies of copies grow exponentially; this few cannot grow far.
        guard Self.aliasCount(yaml) <= Self.mostAliases, let node = try? Yams.compose(yaml: yaml),
            var mapping = node.mapping
        else { return nil }
        // YAML's merge key: entries of another mapping, which own entries override.
        for (key, value) in mapping["<<"]?.mapping ?? [:] where mapping[key] == nil { mapping[key] = value }
        entries = mapping
    }

    private static let mostAliases = 16

    private static func aliasCount(_ yaml: String) -> Int {
        var previous: Character = "\n"
        var count = 0
        for character in yaml where character != " " {
            if character == "*", "\n-:?[{,".contains(previous) { count += 1 }
            previous = character
        }
        return count
    }

    /// The value of the first of these keys that has one.
    package func text(_ keys: String...) -> String? {
        keys.lazy.compactMap { entries[$0].flatMap(Self.text) }.first
    }

    /// The values of all these keys, each one text or a list; nil if none exists.
    package func texts(_ keys: String...) -> [String]? {
        let found = keys.compactMap { entries[$0] }.filter { !$0.isNothing }
        return found.isEmpty ? nil : found.flatMap(Self.items).compactMap(Self.text)
    }

    /// The models or datasets under the first of these keys, each with what is known of it; nil if none exists.
    /// - Parameter parameterCount: distinguishes sizes in names from context lengths.
    package func works(_ keys: String..., parameterCount: Int) -> [[String: String]]? {
        guard let value = keys.lazy.compactMap({ entries[$0] }).first else { return nil }
        return Self.items(value).compactMap { item in
            if let mapping = item.mapping {
                let pairs = mapping.compactMap { key, value in
                    key.string.flatMap { key in Self.text(value).map { (key, $0) } }
                }
                return Dictionary(pairs) { $1 }
            }
            return Self.text(item).map { Self.work($0, parameterCount: parameterCount) }
        }
    }

    /// The properties of a model or dataset that its Hub name, or its link, reveals.
    private static func work(_ name: String, parameterCount: Int) -> [String: String] {
        if ["http://", "https://", "ssh://"].contains(where: name.hasPrefix) {
            guard let match = name.wholeMatch(of: /https?:\/\/huggingface.co\/([^\/]+\/[^\/]+)/) else {
                return ["repo_url": name]
            }
            return described(ModelNaming(String(match.1), parameterCount: parameterCount), at: name)
        }
        let naming = ModelNaming(name, parameterCount: parameterCount)
        let link = naming.organization.map { "https://huggingface.co/\($0)/\(naming.fullName)" }
        return described(naming, at: link)
    }

    private static func described(_ naming: ModelNaming, at link: String?) -> [String: String] {
        var work = ["name": ModelNaming.title(naming.fullName)]
        work["organization"] = naming.organization.map(ModelNaming.title)
        work["version"] = naming.version
        work["repo_url"] = link
        return work
    }

    private static func items(_ node: Node) -> [Node] {
        if node.isNothing { return [] }
        return node.sequence.map(Array.init) ?? [node]
    }

    private static func text(_ node: Node) -> String? {
        node.isNothing ? nil : node.scalar?.string
    }
}

extension Node {
    fileprivate var isNothing: Bool { null != nil }
}
