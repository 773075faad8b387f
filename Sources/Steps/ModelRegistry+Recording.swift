import Foundation
import Pipeline
import Registry

extension ModelRegistry {
    /// Performs an operation on a pipeline, and records that it ran, its definition and its outcome.
    /// - Parameter wentWell: whether the result counts as success.
    /// - Throws: `RegistryError`, and the errors of `body`.
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
            // The original error is reported, even if the row cannot be written.
            try? record(run)
            throw error
        }
    }
}
