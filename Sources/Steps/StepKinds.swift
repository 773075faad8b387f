import Pipeline
import SystemPackage

/// A kind of step: its settings, and the step that they create.
protocol StepKind: StepSettings {
    /// - Parameter bench: the model, the earlier steps, and the locations of files.
    func step(_ id: String, on bench: Workbench) throws -> any Step

    /// Returns the step, preceded by the steps into which it is divided, each after those that it needs.
    func steps(_ id: String, on bench: Workbench) throws -> [any Step]
}

extension StepKind {
    func steps(_ id: String, on bench: Workbench) throws -> [any Step] { [try step(id, on: bench)] }
}

/// All kinds of steps. A new one is a folder beside this file, and a row here.
package enum StepKinds {
    static let all: [any StepKind.Type] = [
        ConvertSettings.self,
        ProjectorSettings.self,
        ImatrixSettings.self,
        SensitivitySettings.self,
        QuantizeSettings.self,
        ValidateSettings.self,
        FitSettings.self,
        PublishSettings.self,
    ]

    /// The keys that introduce them in a pipeline file.
    package static var names: [String] { all.map { $0.kind } }

    /// Every kind with its settings, in the order of the reference.
    package static var settings: [any StepSettings.Type] { all }

    /// The schema of pipeline files for editors.
    package static var schema: PipelineSchema { PipelineSchema(kinds: all) }
}

extension PipelineFile {
    /// Reads and checks a pipeline file.
    /// - Parameter overrides: `KEY=VALUE` settings that replace those of the file: `version`, `model.source`,
    ///   `vars.NAME`, `STEP.KEY`.
    /// - Throws: `FileError`, or `SettingsError` with all problems.
    public init(path: FilePath, overrides: [String] = []) throws {
        try self.init(path: path, overrides: overrides, kinds: StepKinds.all)
    }
}

extension PipelineDefinition {
    /// Reads and checks a pipeline file with one model, or one of several.
    /// - Parameter overrides: `KEY=VALUE` settings that replace those of the file: `version`, `model.source`,
    ///   `vars.NAME`, `STEP.KEY`.
    /// - Throws: `FileError`; `SettingsError` with all problems; `PipelineError` if several models remain.
    public init(path: FilePath, overrides: [String] = [], model: String? = nil) throws {
        try self.init(PipelineFile(path: path, overrides: overrides), model: model)
    }

    package init(text: String, path: FilePath, overrides: [String] = []) throws {
        try self.init(
            PipelineFile(text: text, path: path, overrides: overrides, kinds: StepKinds.all),
            model: nil
        )
    }
}
