import BinaryIO
import Foundation
import Settings
import SystemPackage

/// A pipeline file: the pipelines that it describes, one for each model.
public struct PipelineFile: Sendable {
    /// The definitions in the order of the file's models; at least one.
    public let definitions: [PipelineDefinition]
    /// Whether the file names its models, so that it can have several.
    public let namesModels: Bool

    /// Reads and checks a pipeline file.
    /// - Parameters:
    ///   - overrides: `KEY=VALUE` settings that replace those of the file: `version`, `model.source`, `vars.NAME`,
    ///     `STEP.KEY`.
    ///   - kinds: the known kinds of steps.
    ///   - environment: the variables that `env` expressions may name.
    /// - Throws: `FileError`, or `SettingsError` with every mistake in the file.
    package init(
        path: FilePath,
        overrides: [String],
        kinds: [any StepSettings.Type],
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws {
        let text = try SourceText.read(path)
        try self.init(text: text, path: path, overrides: overrides, kinds: kinds, environment: environment)
    }

    /// - Parameter imported: the texts of the files that it imports, by their paths; nil to read the files.
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
        // Whoever reads the file, its mistakes are reported in the file's own terms.
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

    /// Returns the pipelines of some models, in the order of the file.
    /// - Parameter models: their names; empty for all.
    /// - Throws: `PipelineError.unknownModel`.
    public func definitions(of models: [String]) throws -> [PipelineDefinition] {
        let known = definitions.compactMap(\.model)
        for name in models where !known.contains(name) { throw PipelineError.unknownModel(name, known: known) }
        return models.isEmpty ? definitions : definitions.filter { $0.model.map(models.contains) ?? false }
    }
}

extension PipelineDefinition {
    /// Selects one pipeline of a file.
    /// - Parameter model: the model's name, if the file has several.
    /// - Throws: the errors of reading the file; `PipelineError.unknownModel`, or `severalModels` if none is selected.
    package init(_ file: PipelineFile, model: String?) throws {
        let found = try file.definitions(of: model.map { [$0] } ?? [])
        guard found.count == 1, let first = found.first else {
            throw PipelineError.severalModels(known: found.compactMap(\.model))
        }
        self = first
    }
}
