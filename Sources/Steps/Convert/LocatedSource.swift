import Conversion
import ModelHub
import Pipeline
import SystemPackage
import Work

/// Where a pipeline's model is, with the adapters that are merged into it.
struct LocatedSource {
    let model: LocatedModel
    let adapters: [AdapterReference]
    /// The commits that adapters of the Hub are of, in their order; nil for those of a folder.
    let adapterRevisions: [String?]

    /// Finds the model and the adapters of a definition.
    init(_ definition: PipelineDefinition, _ locate: (ModelReference) throws -> LocatedModel) throws {
        func located(_ text: String) throws -> LocatedModel {
            try locate(try ModelReference(text, relativeTo: definition.folder))
        }
        model = try located(definition.source)
        let found = try definition.adapters.map { try located($0.path) }
        adapters = zip(definition.adapters, found).map { AdapterReference($0, $1) }
        adapterRevisions = found.map { $0.origin?.commit }
    }

    /// The model as it is here, with nothing downloaded.
    static func cached(_ definition: PipelineDefinition) throws -> LocatedSource {
        try LocatedSource(definition) { try HubCache().locate($0) }
    }

    /// The model, downloaded first where it is not here. What is told meanwhile belongs to the step that reads it.
    static func downloaded(
        _ definition: PipelineDefinition,
        isOffline: Bool,
        _ report: @escaping RunReporting
    ) throws -> LocatedSource {
        guard let step = definition.steps.first(where: { $0.kind == ConvertSettings.kind }) else {
            return try cached(definition)
        }
        @Sendable func tell(_ event: RunEvent.Kind, _ detail: String, _ done: Int? = nil, _ total: Int? = nil) throws {
            try report(
                RunEvent(event: event, step: step.id, kind: step.kind, detail: detail, done: done, total: total)
            )
        }
        return try LocatedSource(definition) { reference in
            try Hub.locate(
                reference,
                isOffline: isOffline,
                progress: { detail, done, total in
                    try Interruption.check()
                    if total > 0 { try tell(.download, detail, done, total) }
                },
                remark: { try? tell(.remark, $0) }
            )
        }
    }
}

extension AdapterReference {
    /// - Parameter found: where the adapter's files are.
    init(_ adapter: ModelAdapter, _ found: LocatedModel) {
        let repository = found.origin?.repository.split(separator: "/").last
        self.init(folder: found.folder, scale: adapter.scale, name: repository.map(String.init))
    }
}
