import Conversion
import ModelHub
import Pipeline
import SystemPackage
import Work

/// The location of a pipeline's model and of the adapters to merge into it.
struct LocatedSource {
    let model: LocatedModel
    let adapters: [AdapterReference]
    /// The commits of Hub adapters, in the adapters' order; nil for adapters in folders.
    let adapterRevisions: [String?]

    /// Locates the model and the adapters of a definition.
    init(_ definition: PipelineDefinition, _ locate: (ModelReference) throws -> LocatedModel) throws {
        func located(_ text: String) throws -> LocatedModel {
            try locate(try ModelReference(text, relativeTo: definition.folder))
        }
        model = try located(definition.source)
        let found = try definition.adapters.map { try located($0.path) }
        adapters = zip(definition.adapters, found).map { AdapterReference($0, $1) }
        adapterRevisions = found.map { $0.origin?.commit }
    }

    /// Locates the model locally, without downloading.
    static func cached(_ definition: PipelineDefinition) throws -> LocatedSource {
        try LocatedSource(definition) { try HubCache().locate($0) }
    }

    /// Locates the model, and downloads it first if it is not available locally. Progress reports belong to the step
    /// that reads it.
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
    /// - Parameter found: the location of the adapter's files.
    init(_ adapter: ModelAdapter, _ found: LocatedModel) {
        let repository = found.origin?.repository.split(separator: "/").last
        self.init(folder: found.folder, scale: adapter.scale, name: repository.map(String.init))
    }
}
