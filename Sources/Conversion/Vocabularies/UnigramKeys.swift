import GGUF
import Tokenizers

/// What GGUF says of a Unigram vocabulary besides its tokens.
///
/// The reference writes these keys for T5 only; in other families it takes Unigram for byte pairs, and engines then
/// encode text wrongly without a word.
struct UnigramKeys {
    var addsSpacePrefix: Bool
    var removesExtraSpaces: Bool
    var characterMap: [UInt8]
    /// Tokens that begin and end a text, where no configuration names them; negative for none.
    var beginning: Int
    var end: Int

    func write(to metadata: inout Metadata) {
        metadata.set("tokenizer.ggml.add_space_prefix", .bool(addsSpacePrefix))
        metadata.set("tokenizer.ggml.remove_extra_whitespaces", .bool(removesExtraSpaces))
        guard !characterMap.isEmpty else { return }
        metadata.set("tokenizer.ggml.precompiled_charsmap", .array(.uint8(characterMap)))
    }

    /// Fills in what no file says; engines would assume T5's tokens, and its end of every text.
    /// - Throws: `ConversionProblem` for a vocabulary without a token for the unknown.
    func writeDefaults(types: [Vocabulary.TokenType], to metadata: inout Metadata) throws {
        func fill(_ key: String, _ value: MetadataValue) {
            if metadata[key] == nil { metadata.set(key, value) }
        }
        guard let unknown = types.firstIndex(of: .unknown) else {
            throw ConversionProblem.invalidVocabulary(
                file: SentencePieceModel.file,
                reason: "none of its tokens is for unknown characters"
            )
        }
        fill("tokenizer.ggml.unknown_token_id", .uint32(UInt32(unknown)))
        for (role, id) in [("bos", beginning), ("eos", end)] where types.indices.contains(id) && types[id] == .control {
            fill("tokenizer.ggml.\(role)_token_id", .uint32(UInt32(id)))
        }
        fill("tokenizer.ggml.add_bos_token", .bool(metadata["tokenizer.ggml.bos_token_id"] != nil))
        fill("tokenizer.ggml.add_eos_token", .bool(false))
    }
}

extension UnigramKeys {
    init(_ model: SentencePieceModel) {
        self.init(
            addsSpacePrefix: model.addsSpacePrefix,
            removesExtraSpaces: model.removesExtraSpaces,
            characterMap: model.characterMap,
            beginning: model.beginning,
            end: model.end
        )
    }
}
