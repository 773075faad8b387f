import Conversion
import ModelHub
import SystemPackage
import Work

/// Where a pipeline's model is, with the adapters that are merged into it.
struct LocatedSource {
    let model: LocatedModel
    let adapters: [AdapterReference]
}

extension PipelineRunner {
    /// The model as it is here, with nothing downloaded.
    func cachedSource() throws -> LocatedSource { try source { try HubCache().locate($0) } }

    /// The model, downloaded first where it is not here. What is told meanwhile belongs to the step that reads it.
    func locateSource() throws -> LocatedSource {
        guard let step = definition.steps.first(where: { $0.action.kind == .convert }) else {
            return try cachedSource()
        }
        @Sendable func tell(_ event: RunEvent.Kind, _ detail: String, _ done: Int? = nil, _ total: Int? = nil) throws {
            try report(
                RunEvent(event: event, step: step.id, kind: step.action.kind, detail: detail, done: done, total: total)
            )
        }
        return try source { reference in
            try Operations.locate(
                reference,
                isOffline: options.isOffline,
                remark: { try? tell(.remark, $0) },
                progress: { detail, done, total in
                    try Interruption.check()
                    if total > 0 { try tell(.download, detail, done, total) }
                }
            )
        }
    }

    func source(_ locate: (ModelReference) throws -> LocatedModel) throws -> LocatedSource {
        func reference(_ text: String) throws -> ModelReference {
            try ModelReference(text, relativeTo: definition.folder)
        }
        return LocatedSource(
            model: try locate(try reference(definition.source)),
            adapters: try definition.adapters.map { AdapterReference($0, try locate(try reference($0.path))) }
        )
    }
}
