import SystemPackage

/// A settings file with its text, which errors quote.
package struct SettingsFile: Sendable, Equatable {
    package let path: FilePath
    package let text: String
    /// The lines, which may end with CR LF; Swift treats that as one character.
    package let lines: [Substring]

    package init(path: FilePath, text: String) {
        (self.path, self.text) = (path, text)
        lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    }

    /// The folder that paths in the file are relative to.
    package var folder: FilePath { path.removingLastComponent() }
}
