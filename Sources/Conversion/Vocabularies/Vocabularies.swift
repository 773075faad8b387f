import GGUF

/// The vocabulary of most families: SentencePiece if there is such a file, otherwise the one in tokenizer.json.
enum Vocabularies {
    /// - Parameter preTokenizer: the family's name for its pre-tokenizer, if the rule has several.
    static func write(
        of folder: HuggingFaceFolder,
        to metadata: inout Metadata,
        options: ConversionOptions,
        preTokenizer: String? = nil
    ) throws {
        let files = try TokenizerFiles(folder)
        if try folder.bytes(SentencePieceModel.file) != nil {
            let vocabulary = try SentencePieceVocabulary(files, marksSpecialLooking: true)
            try vocabulary.write(of: files, to: &metadata)
        } else if let pieces = try PiecesInJSON(files) {
            try pieces.write(of: files, to: &metadata)
        } else if let unigram = try UnigramInJSON(files) {
            try unigram.write(of: files, to: &metadata)
        } else {
            try ByteLevelVocabulary(files, options: options, familyName: preTokenizer).write(of: files, to: &metadata)
        }
    }
}
