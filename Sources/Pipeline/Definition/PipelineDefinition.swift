import BinaryIO
import Settings
import SystemPackage

/// A pipeline file, read and checked: every reference names an earlier step, every name is known.
public struct PipelineDefinition: Sendable {
    /// The name as written in the file; builds are named after it.
    public let name: String
    /// The version that the builds are published under.
    public let version: String
    /// The model's name in a file with several; nil if the file has only one.
    public let model: String?
    /// The source of the model, as written in the file.
    public let source: String
    /// The licence: an SPDX identifier, or the name that the source gives.
    public let license: String
    /// The adapters to merge into the model: paths as written in the file, and their scales.
    public let adapters: [ModelAdapter]
    /// The purposes of the model, in addition to those in its own file.
    public let tags: [String]
    /// The steps in the order of the file, with matrices expanded and imported steps in their places.
    public let steps: [Step]
    /// The path of the file; the model's path is relative to its folder.
    public let path: FilePath
    /// The SHA-256 of the file with its overrides, imports and environment variables, which identifies a version of a
    /// pipeline.
    public let digest: SHA256Digest
    /// The environment variables that the file uses, with their values.
    package let usedEnvironment: [String: String]
    /// The texts that the definition was read from.
    package let origin: PipelineOrigin

    init(
        name: String,
        version: String,
        model: String?,
        source: String,
        license: String,
        adapters: [ModelAdapter],
        tags: [String],
        steps: [Step],
        path: FilePath,
        digest: SHA256Digest,
        usedEnvironment: [String: String],
        origin: PipelineOrigin
    ) {
        (self.name, self.version, self.model, self.source) = (name, version, model, source)
        (self.license, self.adapters, self.tags, self.steps) = (license, adapters, tags, steps)
        (self.path, self.digest, self.usedEnvironment) = (path, digest, usedEnvironment)
        self.origin = origin
    }

    /// The folder that the model's path is relative to.
    public var folder: FilePath { path.removingLastComponent() }

    /// Returns the same steps for another model, without adapters.
    package func replacingSource(_ source: String) -> PipelineDefinition {
        PipelineDefinition(self, source: source, adapters: [], steps: steps)
    }

    /// Returns the same steps with other paths for the model and the adapters.
    package func replacing(source: String, adapters: [ModelAdapter]) -> PipelineDefinition {
        PipelineDefinition(self, source: source, adapters: adapters, steps: steps)
    }

    /// Returns the definition with other settings of the steps.
    package func mapSettings(_ transform: (Step) -> any StepSettings) -> PipelineDefinition {
        compactMapSettings(transform)
    }

    /// Returns the definition without the steps whose new settings are nil.
    package func compactMapSettings(_ transform: (Step) -> (any StepSettings)?) -> PipelineDefinition {
        let changed = steps.compactMap { step in
            transform(step).map { settings in
                Step(id: step.id, group: step.group, settings: settings, place: step.place, file: step.file)
            }
        }
        return PipelineDefinition(self, source: source, adapters: adapters, steps: changed)
    }

    private init(_ other: PipelineDefinition, source: String, adapters: [ModelAdapter], steps: [Step]) {
        self.init(
            name: other.name,
            version: other.version,
            model: other.model,
            source: source,
            license: other.license,
            adapters: adapters,
            tags: other.tags,
            steps: steps,
            path: other.path,
            digest: other.digest,
            usedEnvironment: other.usedEnvironment,
            origin: other.origin
        )
    }

    /// One step: its name and its settings.
    public struct Step: Sendable, Identifiable {
        /// The id by which other steps refer to it: `builds`, or `builds@q8_0` of a step with a matrix.
        public let id: String
        /// The id as written in the file, which all steps of a matrix share.
        public let group: String
        package let settings: any StepSettings
        /// The place where it begins in its file.
        public let place: SourcePlace
        /// The file that contains it: the pipeline's own, or an imported one.
        public let file: FilePath

        /// The key that introduces it.
        public var kind: String { type(of: settings).kind }

        /// Whether a name means this step, alone or with the others of its matrix.
        package func answers(to name: String) -> Bool { name == id || name == group }

        /// Resolves a path of the step's settings, relative to the folder of its file.
        package func path(_ text: String) -> FilePath {
            file.removingLastComponent().pushing(FilePath(text)).lexicallyNormalized()
        }
    }

    /// Returns the step of that name; nil if there is none.
    public func step(_ id: String) -> Step? { steps.first { $0.id == id } }
}

/// An adapter to merge, as a pipeline file names it.
public struct ModelAdapter: Sendable, Equatable {
    /// The path of a folder, or hf://owner/name.
    public var path: String
    /// The scale of the adapter; 1 for the strength that it was trained with.
    public var scale: Float

    package init(path: String, scale: Float = 1) {
        self.path = path
        self.scale = scale
    }
}
