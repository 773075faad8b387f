/// A setting of a kind of step, with its texts for the reference and for the help of the command that has it too.
package struct Setting: Sendable {
    /// The key in pipeline files; the command's option has the same name unless the command says otherwise.
    package let key: String
    /// The meaning, as a phrase.
    package let meaning: String
    /// The default in words; nil if the setting is required, or has none.
    package let standard: String?
    package let surface: Surface
    /// The kind of value.
    package let takes: SettingKind
    /// Whether the setting has no default and must be given.
    package let isRequired: Bool
    /// The help of the command's option, if `meaning` is not suitable.
    package let help: String

    /// Where a setting can be given.
    package enum Surface: Sendable {
        case everywhere
        /// Only in pipeline files: references to other steps, or what a command takes as arguments.
        case files
    }

    /// - Parameters:
    ///   - help: the help of the command's option; `meaning` as a sentence by default.
    ///   - isRequired: whether pipeline files must give the setting.
    package init(
        _ key: String,
        _ meaning: String,
        standard: String? = nil,
        _ surface: Surface = .everywhere,
        takes: SettingKind = .text,
        isRequired: Bool = false,
        help: String? = nil
    ) {
        (self.key, self.meaning, self.standard, self.surface) = (key, meaning, standard, surface)
        (self.takes, self.isRequired) = (takes, isRequired)
        self.help = help ?? meaning.prefix(1).uppercased() + meaning.dropFirst() + "."
    }
}
