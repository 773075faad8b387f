import BinaryIO
import Pipeline
import Settings
import SystemPackage

/// What settings become steps with: the pipeline, its model, the steps before, and digests of files.
struct Workbench {
    let definition: PipelineDefinition
    let source: SourceCheckpoint
    let cache: StepCache
    /// Takes note of files that steps read; nil where nobody asks.
    private let notes: InputNotes?
    /// The step that is being made, which paths belong to.
    private var current: PipelineDefinition.Step?
    private(set) var steps: [any Step] = []

    private init(
        _ definition: PipelineDefinition,
        _ source: SourceCheckpoint,
        _ cache: StepCache,
        _ notes: InputNotes?
    ) {
        (self.definition, self.source, self.cache, self.notes) = (definition, source, cache, notes)
    }

    /// The steps of a definition, each behind those that it needs.
    /// - Parameter notes: takes note of the files that steps and imports read.
    static func steps(
        of definition: PipelineDefinition,
        _ source: SourceCheckpoint,
        _ cache: StepCache,
        _ notes: InputNotes? = nil
    ) throws -> [any Step] {
        var bench = Workbench(definition, source, cache, notes)
        if let notes {
            for path in notes.imported { notes.note(path, try cache.digest(of: path)) }
        }
        for step in definition.steps {
            guard let kind = step.settings as? any StepKind else {
                preconditionFailure("'\(step.kind)' is no row of StepKinds")
            }
            bench.current = step
            do {
                bench.steps += try kind.steps(step.id, on: bench)
            } catch {
                throw PipelineError.stepFailed(step: step.id, underlying: error)
            }
        }
        return bench.steps
    }

    /// A path as the step that is being made writes it.
    func path(_ text: String) -> FilePath {
        let path = current?.path(text) ?? FilePath(text)
        notes?.name(path, written: text)
        return path
    }

    /// A file that goes into a key.
    func file(_ path: FilePath) throws -> StepKey.Input { .file(try digest(of: path)) }

    func digest(of path: FilePath) throws -> SHA256Digest {
        let digest = try cache.digest(of: path)
        notes?.note(path, digest)
        return digest
    }

    /// The version of this model that a channel points to now.
    func reference(_ channel: String) throws -> ChannelReference {
        try ChannelReference(channel, of: definition.name, in: cache.registry)
    }

    /// The model that an earlier step converts.
    func conversion(_ id: String) -> ConvertStep { step(id) }

    /// The importance matrix that an earlier step makes.
    func importanceMatrix(_ id: String) -> any ImportanceMaker { step(id) }

    /// What an earlier step worked out of tensors' costs.
    func costs(_ id: String) -> SensitivityStep { step(id) }

    /// The builds that an earlier step makes.
    func builds(_ id: String) -> any BuildMaker { step(id) }

    /// What an earlier step makes of the part that sees.
    func projector(_ id: String) -> ProjectorStep { step(id) }

    /// An earlier step that measures or estimates builds.
    func measure(_ id: String) -> any Step { step(id) }

    /// The reader of the definition saw to it that the step is there, and of the right kind.
    private func step<Wanted>(_ id: String) -> Wanted {
        guard let step = steps.first(where: { $0.id == id }) as? Wanted else {
            preconditionFailure("the step '\(id)' is no \(Wanted.self)")
        }
        return step
    }
}
