import ArgumentParser
import Pipeline
import Settings

extension ArgumentHelp {
    /// Returns the help of an option that sets a setting of a kind of step, as a pipeline file does.
    static func setting(_ kind: any StepSettings.Type, _ key: String, _ valueName: String? = nil) -> ArgumentHelp {
        guard let setting = kind.settings.first(where: { $0.key == key }) else {
            preconditionFailure("`\(kind.kind)` has no setting '\(key)'")
        }
        return ArgumentHelp("\(setting.help)", valueName: valueName)
    }
}
