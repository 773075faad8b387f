import BinaryIO

/// Everything that decides what a node makes, as one digest: the step's kind and implementation, its settings with their
/// defaults, and what goes in. Paths, threads and hosts are left out, for they decide nothing.
///
/// Where another node's product goes in, that node's key stands for it, so all keys of a graph are known before anything
/// runs.
package struct StepKey: Sendable {
    /// Something that goes in.
    package enum Input: Sendable, Hashable {
        /// A file that somebody gave, by the digest of its bytes.
        case file(SHA256Digest)
        /// What another node makes, by that node's key.
        case product(of: StepNode.Name, key: SHA256Digest)
    }

    package let kind: String
    /// Raised whenever the same inputs would give another outcome.
    package let version: Int
    package let settings: [String: String]
    package let inputs: [String: Input]
    package let digest: SHA256Digest

    package init(kind: String, version: Int, settings: [String: String], inputs: [String: Input]) {
        self.kind = kind
        self.version = version
        self.settings = settings
        self.inputs = inputs
        digest = Self.digest(kind, version, settings, inputs.mapValues { $0.words })
    }

    /// The key by what the inputs are, however they were made: it finds again what a node made of the same bytes. It never
    /// equals a `digest`.
    /// - Parameter product: the digest of what a node made.
    /// - Returns: nil where no input is a product, or one is not known yet.
    package func digest(byContent product: (StepNode.Name) -> SHA256Digest?) -> SHA256Digest? {
        var words: [String: String] = [:]
        var hasProduct = false
        for (name, input) in inputs {
            guard case .product(let node, _) = input else {
                words[name] = input.words
                continue
            }
            guard let digest = product(node) else { return nil }
            words[name] = "content \(digest)"
            hasProduct = true
        }
        return hasProduct ? Self.digest(kind, version, settings, words) : nil
    }

    /// The settings alone, for lineage.
    package var settingsDigest: SHA256Digest { SHA256Digest(of: Self.lines(settings).utf8) }

    private static func digest(
        _ kind: String,
        _ version: Int,
        _ settings: [String: String],
        _ inputs: [String: String]
    ) -> SHA256Digest {
        SHA256Digest(of: "\(kind)\n\(version)\n\(lines(settings))\n\(lines(inputs))".utf8)
    }

    /// Values with their lengths, so that no two sets read the same.
    private static func lines(_ entries: [String: String]) -> String {
        entries.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value.utf8.count):\($0.value)\n" }.joined()
    }
}

extension StepKey.Input {
    fileprivate var words: String {
        switch self {
        case .file(let digest): "file \(digest)"
        case .product(_, let key): "key \(key)"
        }
    }
}
