import Yams

/// `KEY=VALUE`, a setting that replaces the file's.
struct SettingOverride {
    /// The override as it was given.
    let text: String
    /// The parts of the key, such as `quality` and `chunks`.
    let path: [String]
    let value: Node

    /// - Returns: nil if the text is not KEY=VALUE.
    init?(_ text: String) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let path = parts.first?.split(separator: ".").map(String.init) ?? []
        guard parts.count == 2, !path.isEmpty, let value = try? Yams.compose(yaml: parts[1]) else { return nil }
        (self.text, self.path, self.value) = (text, path, value)
    }
}
