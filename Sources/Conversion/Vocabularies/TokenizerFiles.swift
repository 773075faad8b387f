import BinaryIO

/// The files of a model's tokenizer. They may be large, so each is parsed once.
struct TokenizerFiles {
    let folder: HuggingFaceFolder
    /// tokenizer.json; nil if it does not exist.
    let tokenizer: JSONValue?
    /// tokenizer_config.json; nil if it does not exist.
    let settings: JSONValue?

    init(_ folder: HuggingFaceFolder) throws {
        self.folder = folder
        tokenizer = try folder.json("tokenizer.json")
        settings = try folder.json("tokenizer_config.json")
    }

    /// Returns the tokens if their texts are distinct; engines reject a model with two equal ones.
    /// - Throws: `ConversionProblem.invalidVocabulary`.
    func distinct(_ tokens: [String]) throws -> [String] {
        var ids: [[UInt8]: Int] = [:]
        for (id, token) in tokens.enumerated() where !token.isEmpty {
            guard let other = ids.updateValue(id, forKey: Array(token.utf8)) else { continue }
            throw ConversionProblem.invalidVocabulary(
                file: tokenizer == nil ? SentencePieceModel.file : "tokenizer.json",
                reason: "its tokens \(other) and \(id) are both '\(token)'"
            )
        }
        return tokens
    }
}
