import BinaryIO
import Foundation
import Settings
import SystemPackage

/// A pipeline file: the pipelines that it describes, one for each model.
public struct PipelineFile: Sendable {
    /// In the order of the file's models; at least one.
    public let definitions: [PipelineDefinition]
    /// Whether the file names its models, and so may have several.
    public let namesModels: Bool

    /// Reads and checks a pipeline file.
    /// - Parameters:
    ///   - overrides: `KEY=VALUE` settings that replace those of the file: `version`, `model.source`, `vars.NAME`, `STEP.KEY`.
    ///   - kinds: the kinds of steps that there are.
    ///   - environment: what `env` expressions may name.
    /// - Throws: `FileError`, or `SettingsError` with everything that is wrong.
    package init(
        path: FilePath,
        overrides: [String],
        kinds: [any StepSettings.Type],
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws {
        let text = try SourceText.read(path)
        try self.init(text: text, path: path, overrides: overrides, kinds: kinds, environment: environment)
    }

    /// - Parameter imported: the texts of the files that it imports, by their paths; nil to read them.
    package init(
        text: String,
        path: FilePath,
        overrides: [String],
        kinds: [any StepSettings.Type],
        environment: [String: String] = ProcessInfo.processInfo.environment,
        imported: [FilePath: String]? = nil
    ) throws {
        let file = SettingsFile(path: path, text: text)
        let log = DiagnosticLog()
        // Whoever asks for it, what is wrong with a file is said in the file's own words.
        let read: (definitions: [PipelineDefinition?], namesModels: Bool) = SettingStyle.name.within {
            guard let root = SettingsDocument.compose(text, log),
                var document = PipelineDocument(root, file, kinds, log, imported: imported)
            else { return ([], false) }
            document.apply(overrides)
            let models = document.models
            let definitions = models.map { model in
                DefinitionReader(document, model, kinds, environment).read(overrides: overrides)
            }
            return (definitions, models.contains { $0 != nil })
        }
        definitions = read.definitions.compactMap { $0 }
        namesModels = read.namesModels
        guard log.diagnostics.isEmpty, !definitions.isEmpty else {
            throw SettingsError(path: path, text: text, diagnostics: log.diagnostics, imported: log.imported)
        }
    }

    /// The pipelines of some models, in the order of the file.
    /// - Parameter models: their names; all where there are none.
    /// - Throws: `PipelineError.unknownModel`.
    public func definitions(of models: [String]) throws -> [PipelineDefinition] {
        let known = definitions.compactMap(\.model)
        for name in models where !known.contains(name) { throw PipelineError.unknownModel(name, known: known) }
        return models.isEmpty ? definitions : definitions.filter { $0.model.map(models.contains) ?? false }
    }
}

extension PipelineDefinition {
    /// The only pipeline of a file.
    /// - Parameter model: which one, where the file has several.
    /// - Throws: what reading the file throws; `PipelineError.unknownModel`, or `severalModels` where none is chosen.
    package init(_ file: PipelineFile, model: String?) throws {
        let found = try file.definitions(of: model.map { [$0] } ?? [])
        guard found.count == 1, let first = found.first else {
            throw PipelineError.severalModels(known: found.compactMap(\.model))
        }
        self = first
    }
}
