import BinaryIO

extension NameGrammar {
    /// - Parameter role: what the name stands for, such as a model, for the message.
    /// - Throws: `RegistryError.invalidName`.
    static func check(_ text: String, of role: String) throws(RegistryError) {
        guard accepts(text) else { throw .invalidName(text, of: role, rule: rule) }
    }
}
