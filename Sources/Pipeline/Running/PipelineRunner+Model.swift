import ModelHub
import SystemPackage

extension PipelineRunner {
    private var reference: ModelReference {
        get throws { try ModelReference(definition.source, relativeTo: definition.folder) }
    }

    /// The model as it is here, with nothing downloaded.
    func cachedModel() throws -> LocatedModel { try HubCache().locate(try reference) }

    /// The model, downloaded first where it is not here. What is told meanwhile belongs to the step that reads it.
    func locateModel() throws -> LocatedModel {
        guard let step = definition.steps.first(where: { $0.action.kind == .convert }) else {
            return try cachedModel()
        }
        @Sendable func tell(_ event: RunEvent.Kind, _ detail: String, _ done: Int? = nil, _ total: Int? = nil) throws {
            try report(
                RunEvent(event: event, step: step.id, kind: step.action.kind, detail: detail, done: done, total: total)
            )
        }
        return try Operations.locate(
            try reference,
            isOffline: options.isOffline,
            remark: { try? tell(.remark, $0) },
            progress: { detail, done, total in
                try Interruption.check()
                if total > 0 { try tell(.download, detail, done, total) }
            }
        )
    }
}
