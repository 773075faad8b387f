import Pipeline
import Settings

extension StepSettings {
    /// Reads the options of a command by the rules of a pipeline file.
    /// - Parameter options: the options by the settings' keys; nil for those that were not given.
    /// - Throws: `StepsError.badRequest` with the first problem.
    package init(options: [String: SettingValue?]) throws {
        let log = DiagnosticLog()
        let reader = SettingReader(options.compactMapValues { $0 }, "`\(Self.kind)`", log)
        self.init(reader, .none)
        if let first = log.diagnostics.first { throw StepsError.badRequest(first.message) }
    }
}
