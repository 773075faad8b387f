import BinaryIO
import Pipeline
import Registry
import SystemPackage

/// The inputs and products of one pipeline: its entry in a lock file.
package struct PipelineLock: Sendable, Equatable {
    /// A model or an adapter, keyed by its reference in the pipeline file.
    package struct Source: Sendable, Equatable {
        /// The commit of a Hub repository; nil for a folder or a file.
        package var revision: String?
        /// The files that are read, by path in the folder.
        package var files: [String: SHA256Digest] = [:]

        package init(revision: String? = nil, files: [String: SHA256Digest] = [:]) {
            (self.revision, self.files) = (revision, files)
        }
    }

    /// A node of a step.
    package struct Node: Sendable, Equatable {
        /// The digest of all of the step's settings, including defaults.
        package var settings: SHA256Digest
        /// The files that it made, by name; empty if they are unknown, or if it makes none.
        package var files: [String: SHA256Digest] = [:]

        package init(settings: SHA256Digest, files: [String: SHA256Digest] = [:]) {
            (self.settings, self.files) = (settings, files)
        }
    }

    /// The version of edgepipe that wrote the entry.
    package var edgepipe = Edgepipe.version
    /// The model and its adapters, by their references in the pipeline file.
    package var sources: [String: Source] = [:]
    /// Texts, importance matrices, imported files and others, by path relative to the folder of the pipeline file.
    package var inputs: [String: SHA256Digest] = [:]
    /// All nodes except publishing ones, by name, such as `builds[q4_k_m]`.
    package var nodes: [String: Node] = [:]

    package init() {}

    /// Creates the current entry.
    /// - Parameters:
    ///   - notes: the files that became known while the steps were created.
    ///   - product: returns the known product of a node.
    init(
        of steps: [any Step],
        _ source: SourceCheckpoint,
        _ notes: InputNotes,
        product: (StepNode) throws -> StepProduct?
    ) rethrows {
        sources = source.locked
        for (name, digest) in notes.sourceFiles { sources[source.text]?.files[name] = digest }
        inputs = notes.inputs
        // Pieces of a measurement are not products of a pipeline, and differ between processors.
        for step in steps where !step.publishes && !(step is any IntermediateStep) {
            for node in step.nodes {
                nodes["\(node.name)"] = Node(
                    settings: node.key.settingsDigest,
                    files: try product(node)?.lockedFiles ?? [:]
                )
            }
        }
    }

    /// Returns the entry, completed by an older one.
    /// - Parameter isPart: whether this entry covers only a part of the pipeline, and leaves the rest as it was.
    func keeping(_ older: PipelineLock, isPart: Bool) -> PipelineLock {
        var merged = self
        if isPart {
            merged.inputs.merge(older.inputs) { new, _ in new }
            merged.nodes.merge(older.nodes) { new, _ in new }
        }
        // A product of other bytes or of another edgepipe does not predict the current one.
        let isSame =
            sources == older.sources && edgepipe == older.edgepipe
            && inputs.allSatisfy { older.inputs[$0.key] == $0.value }
        guard isSame else { return merged }
        for (name, node) in nodes where node.files.isEmpty {
            guard let known = older.nodes[name], known.settings == node.settings else { continue }
            merged.nodes[name] = known
        }
        return merged
    }

    /// The number of nodes whose files are known.
    package var knownCount: Int { nodes.values.count { !$0.files.isEmpty } }
}

extension StepProduct {
    /// The files by name.
    var lockedFiles: [String: SHA256Digest] {
        Dictionary(files.map { ($0.path.lastComponent?.string ?? "", $0.digest) }) { first, _ in first }
    }
}
