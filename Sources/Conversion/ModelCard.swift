import Yams

/// What a model's authors say of it: the YAML before the text of README.md.
///
/// A card that cannot be read says nothing, for the model is as good without.
package struct ModelCard {
    private let entries: Node.Mapping

    /// - Returns: nil where the text has no readable front matter.
    package init?(_ text: String) {
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        guard lines.first == "---" else { return nil }
        var yaml = lines.dropFirst().prefix { $0 != "---" }.joined(separator: "\n") + "\n"
        yaml = yaml.replacing("\t", with: "  ")
        // An alias stands for a copy, and copies of copies grow by powers: so few of them cannot grow far.
        guard Self.aliasCount(yaml) <= Self.mostAliases, let node = try? Yams.compose(yaml: yaml),
            var mapping = node.mapping
        else { return nil }
        // YAML's merge key: entries of another mapping, below the own ones.
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

    /// The values of all these keys, each one text or a list; nil where none is there.
    package func texts(_ keys: String...) -> [String]? {
        let found = keys.compactMap { entries[$0] }.filter { !$0.isNothing }
        return found.isEmpty ? nil : found.flatMap(Self.items).compactMap(Self.text)
    }

    /// The models or datasets that the first of these keys names, as what is known of each; nil where none is there.
    /// - Parameter parameterCount: tells sizes in names from context lengths.
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

    /// What a name on the Hugging Face Hub, or a link, tells of a work.
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
