import Foundation
import Pipeline
import Registry

extension ModelRegistry {
    /// Does something with a pipeline, and keeps that it ran, what it was, and how that ended.
    /// - Parameter wentWell: whether what came out counts as done.
    /// - Throws: `RegistryError`, and what `body` throws.
    func recording<Value>(
        _ definition: PipelineDefinition,
        wentWell: (Value) -> Bool,
        _ body: () throws -> Value
    ) throws -> Value {
        var run = RunRecord(
            id: UUID().uuidString,
            pipeline: definition.name,
            pipelineDigest: definition.digest,
            toolVersion: Edgepipe.version,
            status: .running,
            startedAt: Date()
        )
        try record(run)
        try record(definition.record)
        do {
            let value = try body()
            (run.status, run.finishedAt) = (wentWell(value) ? .done : .failed, Date())
            try record(run)
            return value
        } catch {
            (run.status, run.finishedAt) = (.failed, Date())
            // What went wrong is to be said, whatever became of the row.
            try? record(run)
            throw error
        }
    }
}
