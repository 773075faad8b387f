import SystemPackage

extension [String: String] {
    /// An environment variable's value; one that is set to nothing counts as not set.
    package func variable(_ name: String) -> String? { self[name].flatMap { $0.isEmpty ? nil : $0 } }

    /// A path; a leading `~` is the user's home, as huggingface_hub reads it.
    package func path(_ name: String) -> FilePath? {
        guard let text = variable(name) else { return nil }
        guard text == "~" || text.hasPrefix("~/"), let home = variable("HOME") else { return FilePath(text) }
        return FilePath(home).appending(FilePath(String(text.dropFirst(2))).components)
    }
}
