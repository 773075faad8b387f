import GGUF

/// The choice that most families make: SentencePiece where there is such a file, byte-level BPE otherwise.
enum Vocabularies {
    static func write(
        of folder: HuggingFaceFolder,
        to metadata: inout Metadata,
        options: ConversionOptions
    ) throws {
        if try folder.bytes(SentencePieceModel.file) != nil {
            let vocabulary = try SentencePieceVocabulary(folder, marksSpecialLooking: true)
            try vocabulary.write(of: folder, to: &metadata)
        } else {
            try ByteLevelVocabulary(folder, options: options).write(of: folder, to: &metadata)
        }
    }
}
