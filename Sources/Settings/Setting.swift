/// One setting of a kind of step: what the reference says of it, and the help of the command that takes it too.
package struct Setting: Sendable {
    /// As pipeline files write it; the command's option is called the same unless it says otherwise.
    package let key: String
    /// What it means, as a phrase.
    package let meaning: String
    /// What holds where nothing is said, in words; nil where it must be said, or nothing holds.
    package let standard: String?
    package let surface: Surface
    /// What may be given.
    package let takes: SettingKind
    /// Whether there is no default, and nothing works without it.
    package let isRequired: Bool
    /// The help of the command's option, where `meaning` would not do.
    package let help: String

    /// Where a setting can be given.
    package enum Surface: Sendable {
        case everywhere
        /// In pipeline files alone: what refers to other steps, or what a command takes as arguments.
        case files
    }

    /// - Parameters:
    ///   - help: of the command's option; `meaning` as a sentence where nothing is said.
    ///   - isRequired: in pipeline files.
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
