import BinaryIO
import Settings
import SystemPackage

/// A pipeline file, read and checked: every reference leads to an earlier step, every name is known.
public struct PipelineDefinition: Sendable {
    /// As the file says it; builds are named after it.
    public let name: String
    /// The version that the builds are published under.
    public let version: String
    /// Where the model comes from, as the file says it.
    public let source: String
    /// An SPDX identifier, or the name that the source gives.
    public let license: String
    /// Adapters that are merged into the model: paths as the file writes them, and their shares.
    public let adapters: [ModelAdapter]
    /// What the model is for, beside what its own file says.
    public let tags: [String]
    /// In the order of the file.
    public let steps: [Step]
    /// The file itself; paths in it start from its folder.
    public let path: FilePath
    /// SHA-256 of the file with its overrides, which tells one version of a pipeline from another.
    public let digest: SHA256Digest

    /// The folder that paths in the file start from.
    public var folder: FilePath { path.removingLastComponent() }

    /// A path as the pipeline file writes it, from that file's folder.
    package func path(_ text: String) -> FilePath { folder.pushing(FilePath(text)).lexicallyNormalized() }

    /// One step: what it is called, and what it does.
    public struct Step: Sendable, Identifiable {
        /// What other steps call it.
        public let id: String
        package let settings: any StepSettings
        /// Where it begins in the file.
        public let place: SourcePlace

        /// The key that introduces it.
        public var kind: String { type(of: settings).kind }
    }

    /// The step of that name; nil where there is none.
    public func step(_ id: String) -> Step? { steps.first { $0.id == id } }
}

/// An adapter to merge, as a pipeline file names it.
public struct ModelAdapter: Sendable, Equatable {
    /// A folder, or hf://owner/name.
    public var path: String
    /// 1 for the strength that it was trained with.
    public var scale: Float

    package init(path: String, scale: Float = 1) {
        self.path = path
        self.scale = scale
    }
}
