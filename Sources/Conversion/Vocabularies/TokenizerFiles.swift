import BinaryIO

/// The files that tell of a model's tokenizer. They may be large, so each is parsed once.
struct TokenizerFiles {
    let folder: HuggingFaceFolder
    /// tokenizer.json, nil where there is none.
    let tokenizer: JSONValue?
    /// tokenizer_config.json, nil where there is none.
    let settings: JSONValue?

    init(_ folder: HuggingFaceFolder) throws {
        self.folder = folder
        tokenizer = try folder.json("tokenizer.json")
        settings = try folder.json("tokenizer_config.json")
    }
}
