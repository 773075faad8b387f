import BinaryIO
import Settings
import SystemPackage

/// A pipeline file, read and checked: every reference leads to an earlier step, every name is known.
public struct PipelineDefinition: Sendable {
    /// As the file says it; builds are named after it.
    public let name: String
    /// The version that the builds are published under.
    public let version: String
    /// The model's name in a file with several; nil where the file has one.
    public let model: String?
    /// Where the model comes from, as the file says it.
    public let source: String
    /// An SPDX identifier, or the name that the source gives.
    public let license: String
    /// Adapters that are merged into the model: paths as the file writes them, and their shares.
    public let adapters: [ModelAdapter]
    /// What the model is for, beside what its own file says.
    public let tags: [String]
    /// In the order of the file, with matrices written out and imported steps in their places.
    public let steps: [Step]
    /// The file itself; the model's path starts from its folder.
    public let path: FilePath
    /// SHA-256 of the file with its overrides, imports and what it takes from the environment: it tells one version of a
    /// pipeline from another.
    public let digest: SHA256Digest
    /// The variables of the environment that the file asks for, with their values.
    package let usedEnvironment: [String: String]
    /// What the definition was read from.
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

    /// The folder that the model's path starts from.
    public var folder: FilePath { path.removingLastComponent() }

    /// The same steps over another model, without adapters.
    package func replacingSource(_ source: String) -> PipelineDefinition {
        PipelineDefinition(self, source: source, adapters: [], steps: steps)
    }

    /// The same steps over a model and adapters that are written otherwise.
    package func replacing(source: String, adapters: [ModelAdapter]) -> PipelineDefinition {
        PipelineDefinition(self, source: source, adapters: adapters, steps: steps)
    }

    /// The same with other settings of the steps.
    package func mapSettings(_ transform: (Step) -> any StepSettings) -> PipelineDefinition {
        compactMapSettings(transform)
    }

    /// The same without the steps that are given no settings.
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

    /// One step: what it is called, and what it does.
    public struct Step: Sendable, Identifiable {
        /// What other steps call it: `builds`, or `builds@q8_0` of a step with a matrix.
        public let id: String
        /// The id as the file writes it, which all steps of a matrix have in common.
        public let group: String
        package let settings: any StepSettings
        /// Where it begins in its file.
        public let place: SourcePlace
        /// The file that it is written in: the pipeline's own, or an imported one.
        public let file: FilePath

        /// The key that introduces it.
        public var kind: String { type(of: settings).kind }

        /// Whether a name means this step, by itself or with the others of its matrix.
        package func answers(to name: String) -> Bool { name == id || name == group }

        /// A path as the step's settings write it, from the folder of its file.
        package func path(_ text: String) -> FilePath {
            file.removingLastComponent().pushing(FilePath(text)).lexicallyNormalized()
        }
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
