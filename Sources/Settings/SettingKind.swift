/// What a setting takes: editors are told by a schema that is made of it.
package indirect enum SettingKind: Sendable {
    /// Any text; numbers and truth values count as they are written.
    case text
    case flag
    case integer(ClosedRange<Int>)
    /// A number of at least zero.
    case number
    /// A share such as `5%`.
    case percent
    /// One of some names, in any case.
    case choice([String])
    /// A text that a regular expression describes, and an example of it.
    case pattern(String, example: String)
    /// A file, from the folder of the file that names it.
    case path
    /// The id of an earlier step of some kinds.
    case step([String])
    /// The ids of earlier steps of some kinds.
    case steps([String])
    /// The id of an earlier step of some kinds, or a file with a dot or a slash in its name.
    case stepOrPath([String])
    /// One, or a list of them.
    case list(SettingKind)
    /// What the first says, unless another setting is there, which makes any text do.
    case strict(SettingKind, unless: String)
    /// One of several kinds.
    case any([SettingKind])
    /// A mapping from names of one's own.
    case each(SettingKind)
    /// A mapping with settings of its own.
    case mapping([Field])

    /// A setting inside of a mapping.
    package struct Field: Sendable {
        package let key: String
        package let kind: SettingKind
        package let isRequired: Bool

        package init(_ key: String, _ kind: SettingKind, isRequired: Bool = false) {
            (self.key, self.kind, self.isRequired) = (key, kind, isRequired)
        }
    }

    /// Whether the setting names several steps, or one; nil where it names none.
    package var namesSeveralSteps: Bool? {
        switch self {
        case .step, .stepOrPath: false
        case .steps: true
        default: nil
        }
    }
}
