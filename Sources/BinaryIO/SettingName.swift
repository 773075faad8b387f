/// The spelling of a setting's name in messages, such as the setting that would allow what an error rejects.
///
/// The same error reaches people who write options, files and requests, so the modules below only give a setting's
/// name. The interface decides how to spell it, for all code within its call:
///
///     try SettingStyle.option.within { ... }      // --allow-requantize
///
/// Other threads use the default style, so an error is worded when it is shown: its `description` is computed.
public enum SettingStyle: Sendable {
    /// 'allow-requantize', as in a file or a request; the default.
    case name
    /// `--allow-requantize`, as on a command line.
    case option

    /// The style of the interface that made the current call.
    @TaskLocal public static var current = SettingStyle.name

    /// Runs `body` with names in this style.
    public func within<Value>(_ body: () throws -> Value) rethrows -> Value {
        try Self.$current.withValue(self, operation: body)
    }

    /// A setting's name, with its value if there is one.
    fileprivate func spelled(_ name: String, _ value: String?) -> String {
        switch self {
        case .name: "'\(name)\(value.map { ": \($0)" } ?? "")'"
        case .option: "--\(name)\(value.map { " \($0)" } ?? "")"
        }
    }
}

extension DefaultStringInterpolation {
    /// A setting in the interface's spelling.
    /// - Parameters:
    ///   - name: the name in files, without leading dashes: `allow-requantize`.
    ///   - value: the value to set it to.
    public mutating func appendInterpolation(setting name: String, _ value: String? = nil) {
        appendInterpolation(SettingStyle.current.spelled(name, value))
    }

    /// A command of edgepipe with settings, written as a command line if the interface is one.
    /// - Parameters:
    ///   - name: the words after the program's name, such as `registry repair`.
    ///   - settings: each a name, followed by a space and a value.
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
