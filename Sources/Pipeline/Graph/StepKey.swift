import BinaryIO

/// Everything that decides what a node makes, as one digest: the step's kind and implementation, its settings with
/// their defaults, and its inputs. Paths, threads and hosts are excluded, because they decide nothing.
///
/// The key of another node represents its product as an input, so all keys of a graph are known before anything runs.
package struct StepKey: Sendable {
    /// An input of a node.
    package enum Input: Sendable, Hashable {
        /// A given file, by the digest of its bytes.
        case file(SHA256Digest)
        /// The product of another node, by that node's key.
        case product(of: StepNode.Name, key: SHA256Digest)
    }

    package let kind: String
    /// The version of the implementation, raised whenever the same inputs would give another result.
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

    /// Returns the key by the content of the inputs, however they were made: it finds a node's earlier product of the
    /// same bytes. It never equals a `digest`.
    /// - Parameter product: returns the digest of a node's product.
    /// - Returns: nil if no input is a product, or one is not known yet.
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

    /// The digest of the settings alone, for lineage.
    package var settingsDigest: SHA256Digest { SHA256Digest(of: Self.lines(settings).utf8) }

    private static func digest(
        _ kind: String,
        _ version: Int,
        _ settings: [String: String],
        _ inputs: [String: String]
    ) -> SHA256Digest {
        SHA256Digest(of: "\(kind)\n\(version)\n\(lines(settings))\n\(lines(inputs))".utf8)
    }

    /// Encodes values with their lengths, so that no two sets have the same encoding.
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
