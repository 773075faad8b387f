import BinaryIO
import Pipeline
import Settings
import SystemPackage

/// The context in which settings become steps: the pipeline, its model, the earlier steps, and digests of files.
struct Workbench {
    let definition: PipelineDefinition
    let source: SourceCheckpoint
    let cache: StepCache
    /// Records the files that steps read; nil if not needed.
    private let notes: InputNotes?
    /// The step being created, to which paths belong.
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

    /// Returns the steps of a definition, each after those that it needs.
    /// - Parameter notes: records the files that steps and imports read.
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

    /// Returns a path that the step being created contains.
    func path(_ text: String) -> FilePath {
        let path = current?.path(text) ?? FilePath(text)
        notes?.name(path, written: text)
        return path
    }

    /// Returns a file as an input of a key.
    func file(_ path: FilePath) throws -> StepKey.Input { .file(try digest(of: path)) }

    func digest(of path: FilePath) throws -> SHA256Digest {
        let digest = try cache.digest(of: path)
        notes?.note(path, digest)
        return digest
    }

    /// Returns the version of this model that a channel currently points to.
    func reference(_ channel: String) throws -> ChannelReference {
        try ChannelReference(channel, of: definition.name, in: cache.registry)
    }

    /// Returns the step of an earlier conversion.
    func conversion(_ id: String) -> ConvertStep { step(id) }

    /// Returns the earlier step that makes an importance matrix.
    func importanceMatrix(_ id: String) -> any ImportanceMaker { step(id) }

    /// Returns the earlier step that computes the costs of tensors.
    func costs(_ id: String) -> SensitivityStep { step(id) }

    /// Returns the earlier step that makes builds.
    func builds(_ id: String) -> any BuildMaker { step(id) }

    /// Returns the earlier step that makes the projector.
    func projector(_ id: String) -> ProjectorStep { step(id) }

    /// Returns an earlier step that measures or estimates builds.
    func measure(_ id: String) -> any Step { step(id) }

    /// Returns an earlier step. The reader of the definition checked that it exists and is of the right kind.
    private func step<Wanted>(_ id: String) -> Wanted {
        guard let step = steps.first(where: { $0.id == id }) as? Wanted else {
            preconditionFailure("the step '\(id)' is no \(Wanted.self)")
        }
        return step
    }
}
