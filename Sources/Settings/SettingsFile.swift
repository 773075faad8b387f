import SystemPackage

/// A settings file and its text, which errors quote.
package struct SettingsFile: Sendable, Equatable {
    package let path: FilePath
    package let text: String
    /// A line may end as on Windows, which Swift takes for one character.
    package let lines: [Substring]

    package init(path: FilePath, text: String) {
        (self.path, self.text) = (path, text)
        lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    }

    /// The folder that paths in the file start from.
    package var folder: FilePath { path.removingLastComponent() }
}
