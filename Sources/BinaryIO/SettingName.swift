/// How a text names a setting, such as one that would allow what an error refuses.
///
/// The rooms below a surface know settings by their names alone, since the same error reaches people who write options, files
/// and requests. The surface decides how a name is spelled, for what runs within its call:
///
///     try SettingStyle.option.within { ... }      // --allow-requantize
///
/// Texts that other threads make take the default, so an error is worded when it is shown: its `description` is computed.
public enum SettingStyle: Sendable {
    /// 'allow-requantize', as a file or a request has it; the default.
    case name
    /// `--allow-requantize`, as a command line has it.
    case option

    /// The style of the surface whose call this is.
    @TaskLocal public static var current = SettingStyle.name

    /// Runs `body` with names in this style.
    public func within<Value>(_ body: () throws -> Value) rethrows -> Value {
        try Self.$current.withValue(self, operation: body)
    }

    /// A setting's name, with its value where there is one.
    fileprivate func spelled(_ name: String, _ value: String?) -> String {
        switch self {
        case .name: "'\(name)\(value.map { ": \($0)" } ?? "")'"
        case .option: "--\(name)\(value.map { " \($0)" } ?? "")"
        }
    }
}

extension DefaultStringInterpolation {
    /// A setting in the surface's spelling.
    /// - Parameters:
    ///   - name: as files spell it, without dashes before it: `allow-requantize`.
    ///   - value: what it is to be set to.
    public mutating func appendInterpolation(setting name: String, _ value: String? = nil) {
        appendInterpolation(SettingStyle.current.spelled(name, value))
    }

    /// A command of edgepipe with settings, to be typed where the surface is a command line.
    /// - Parameters:
    ///   - name: what follows the program's name, such as `registry repair`.
    ///   - settings: each as a name, and a value after a space.
    public mutating func appendInterpolation(command name: String, _ settings: String...) {
        let style = SettingStyle.current
        let words = settings.map { setting in
            let parts = setting.split(separator: " ", maxSplits: 1).map(String.init)
            return style.spelled(parts[0], parts.count > 1 ? parts[1] : nil)
        }
        switch style {
        case .option: appendInterpolation("`\((["edgepipe", name] + words).joined(separator: " "))`")
        case .name:
            appendInterpolation("`edgepipe \(name)`")
            if !words.isEmpty { appendInterpolation(" with \(words.joined(separator: " and "))") }
        }
    }
}
