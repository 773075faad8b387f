import BinaryIO
import Foundation
import Pipeline
import Registry
import Settings
import SystemPackage

extension PipelineDefinition {
    /// The record of the pipeline in a registry, from which its builds can be rebuilt.
    var record: PipelineRecord {
        PipelineRecord(
            digest: digest,
            folder: FilePath(FileManager.default.currentDirectoryPath).pushing(folder).lexicallyNormalized().string,
            file: path.lastComponent?.string ?? "",
            text: origin.text,
            imported: origin.imported.map { PipelineRecord.Imported(path: $0.path.fromRoot.string, text: $0.text) },
            overrides: origin.overrides,
            environment: usedEnvironment,
            model: model
        )
    }
}

extension PipelineRecord {
    /// The pipeline as it was, with its input files at their original locations.
    /// - Throws: `SettingsError` if this version reads the text differently; `PipelineError`.
    var definition: PipelineDefinition {
        get throws {
            let file = try PipelineFile(
                text: text,
                path: FilePath(folder).appending(file),
                overrides: overrides,
                kinds: StepKinds.all,
                environment: environment,
                imported: Dictionary(imported.map { (FilePath($0.path), $0.text) }) { first, _ in first }
            )
            return try PipelineDefinition(file, model: model)
        }
    }
}

extension FilePath {
    /// The path from the root, computed from its names only.
    fileprivate var fromRoot: FilePath {
        FilePath(FileManager.default.currentDirectoryPath).pushing(self).lexicallyNormalized()
    }
}
