import BinaryIO

/// Everything that decides a step's outcome, as one digest: the step's kind and implementation, its options with their
/// defaults, and the digests of what goes in. Paths, threads and hosts are left out, for they decide nothing.
package struct StepKey {
    package let kind: StepKind
    /// Raised whenever the same inputs would give another outcome.
    package let version: Int
    package let options: [String: String]
    package let inputs: [String: SHA256Digest]

    package init(kind: StepKind, version: Int, options: [String: String], inputs: [String: SHA256Digest]) {
        self.kind = kind
        self.version = version
        self.options = options
        self.inputs = inputs
    }

    package var digest: SHA256Digest {
        let inputs = lines(inputs.mapValues { $0.description })
        return SHA256Digest(of: "\(kind.rawValue)\n\(version)\n\(lines(options))\n\(inputs)".utf8)
    }

    /// The options alone, for lineage.
    var optionsDigest: SHA256Digest { SHA256Digest(of: lines(options).utf8) }

    /// Values with their lengths, so that no two sets of options read the same.
    private func lines(_ entries: [String: String]) -> String {
        entries.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value.utf8.count):\($0.value)\n" }.joined()
    }
}
