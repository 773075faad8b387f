import BinaryIO
import Pipeline
import Registry
import SystemPackage

/// What one pipeline read and made: its entry in a lock file.
package struct PipelineLock: Sendable, Equatable {
    /// A model or an adapter, by what the pipeline file calls it.
    package struct Source: Sendable, Equatable {
        /// The commit, of a repository of the Hub; nil for a folder or a file.
        package var revision: String?
        /// The files that are read, by their paths in the folder.
        package var files: [String: SHA256Digest] = [:]

        package init(revision: String? = nil, files: [String: SHA256Digest] = [:]) {
            (self.revision, self.files) = (revision, files)
        }
    }

    /// A node of a step.
    package struct Node: Sendable, Equatable {
        /// Of everything that the step was told, with its defaults.
        package var settings: SHA256Digest
        /// The files that it made, by their names; empty where nothing is known, or where it makes none.
        package var files: [String: SHA256Digest] = [:]

        package init(settings: SHA256Digest, files: [String: SHA256Digest] = [:]) {
            (self.settings, self.files) = (settings, files)
        }
    }

    /// The version of edgepipe that wrote the entry.
    package var edgepipe = Edgepipe.version
    /// The model and its adapters, by what the pipeline file calls them.
    package var sources: [String: Source] = [:]
    /// Texts, importance matrices, imported files and others, by their paths from the folder of the pipeline file.
    package var inputs: [String: SHA256Digest] = [:]
    /// Everything but what publishes, by name, such as `builds[q4_k_m]`.
    package var nodes: [String: Node] = [:]

    package init() {}

    /// The entry as it is now.
    /// - Parameters:
    ///   - notes: the files that became known while the steps were made.
    ///   - product: what is known of a node.
    init(
        of steps: [any Step],
        _ source: SourceCheckpoint,
        _ notes: InputNotes,
        product: (StepNode) throws -> StepProduct?
    ) rethrows {
        sources = source.locked
        for (name, digest) in notes.sourceFiles { sources[source.text]?.files[name] = digest }
        inputs = notes.inputs
        // Pieces of a measurement are no part of what a pipeline makes, and differ from processor to processor.
        for step in steps where !step.publishes && !(step is any IntermediateStep) {
            for node in step.nodes {
                nodes["\(node.name)"] = Node(
                    settings: node.key.settingsDigest,
                    files: try product(node)?.lockedFiles ?? [:]
                )
            }
        }
    }

    /// The entry with what an older one knows beside it.
    /// - Parameter isPart: whether this one was made of a part of the pipeline, and says nothing of the rest.
    func keeping(_ older: PipelineLock, isPart: Bool) -> PipelineLock {
        var merged = self
        if isPart {
            merged.inputs.merge(older.inputs) { new, _ in new }
            merged.nodes.merge(older.nodes) { new, _ in new }
        }
        // What was made of other bytes or by another edgepipe says nothing of what would be made now.
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

    /// Nodes whose files are known.
    package var knownCount: Int { nodes.values.count { !$0.files.isEmpty } }
}

extension StepProduct {
    /// The files by name.
    var lockedFiles: [String: SHA256Digest] {
        Dictionary(files.map { ($0.path.lastComponent?.string ?? "", $0.digest) }) { first, _ in first }
    }
}
