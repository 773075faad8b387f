import BinaryIO
import Foundation
import Pipeline
import Registry
import Settings
import SystemPackage

extension PipelineDefinition {
    /// What a registry keeps of the pipeline, so that its builds can be made again.
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
    /// The pipeline as it was, with the files that it reads where they were.
    /// - Throws: `SettingsError` where this version reads the text otherwise; `PipelineError`.
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
    /// The path from the root, by its names alone.
    fileprivate var fromRoot: FilePath {
        FilePath(FileManager.default.currentDirectoryPath).pushing(self).lexicallyNormalized()
    }
}
