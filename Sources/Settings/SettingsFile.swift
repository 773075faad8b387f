import SystemPackage

/// A settings file and its text, which errors quote.
package struct SettingsFile: Sendable, Equatable {
    package let path: FilePath
    package let text: String

    package init(path: FilePath, text: String) { (self.path, self.text) = (path, text) }

    /// The folder that paths in the file start from.
    package var folder: FilePath { path.removingLastComponent() }
}
