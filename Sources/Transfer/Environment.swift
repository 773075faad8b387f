import SystemPackage

extension [String: String] {
    /// The value of an environment variable; nil if it is unset or empty.
    package func variable(_ name: String) -> String? { self[name].flatMap { $0.isEmpty ? nil : $0 } }

    /// The path in a variable; a leading `~` is the user's home, as in huggingface_hub.
    package func path(_ name: String) -> FilePath? {
        guard let text = variable(name) else { return nil }
        guard text == "~" || text.hasPrefix("~/"), let home = variable("HOME") else { return FilePath(text) }
        return FilePath(home).appending(FilePath(String(text.dropFirst(2))).components)
    }
}
