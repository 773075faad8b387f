/// The kind of value that a setting takes. The schema for editors is generated from it.
package indirect enum SettingKind: Sendable {
    /// Any text; numbers and booleans are taken as they are written.
    case text
    case flag
    case integer(ClosedRange<Int>)
    /// A number of at least zero.
    case number
    /// A percentage such as `5%`.
    case percent
    /// One of some names, case-insensitive.
    case choice([String])
    /// A text that matches a regular expression, with an example.
    case pattern(String, example: String)
    /// A file, relative to the folder of the file that names it.
    case path
    /// The id of an earlier step of certain kinds.
    case step([String])
    /// The ids of earlier steps of certain kinds.
    case steps([String])
    /// The id of an earlier step of certain kinds, or a file with a dot or a slash in its name.
    case stepOrPath([String])
    /// One value, or a list of values.
    case list(SettingKind)
    /// A value of this kind; if the other setting is present, any text.
    case strict(SettingKind, unless: String)
    /// A value of one of several kinds.
    case any([SettingKind])
    /// A mapping with arbitrary names.
    case each(SettingKind)
    /// A mapping with settings of its own.
    case mapping([Field])

    /// A setting inside a mapping.
    package struct Field: Sendable {
        package let key: String
        package let kind: SettingKind
        package let isRequired: Bool

        package init(_ key: String, _ kind: SettingKind, isRequired: Bool = false) {
            (self.key, self.kind, self.isRequired) = (key, kind, isRequired)
        }
    }

    /// Whether the setting refers to several steps, or to one; nil if it refers to none.
    package var namesSeveralSteps: Bool? {
        switch self {
        case .step, .stepOrPath: false
        case .steps: true
        default: nil
        }
    }
}
