import Pipeline
import Settings

extension StepSettings {
    /// Reads what the options of a command say, by the rules that hold for a pipeline file.
    /// - Parameter options: by the settings' keys; nil for those that were not given.
    /// - Throws: `StepsError.badRequest` with the first thing that is wrong.
    package init(options: [String: SettingValue?]) throws {
        let log = DiagnosticLog()
        let reader = SettingReader(options.compactMapValues { $0 }, "`\(Self.kind)`", log)
        self.init(reader, .none)
        if let first = log.diagnostics.first { throw StepsError.badRequest(first.message) }
    }
}
