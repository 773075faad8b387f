import GGUF
import Tokenizers

/// The keys of a Unigram vocabulary in GGUF, besides its tokens.
///
/// The reference writes these keys for T5 only. In other families it treats Unigram as byte pairs, and engines then
/// silently encode text wrongly.
struct UnigramKeys {
    var addsSpacePrefix: Bool
    var removesExtraSpaces: Bool
    var characterMap: [UInt8]
    /// The tokens that begin and end a text, if no configuration names them; negative for none.
    var beginning: Int
    var end: Int

    func write(to metadata: inout Metadata) {
        metadata.set("tokenizer.ggml.add_space_prefix", .bool(addsSpacePrefix))
        metadata.set("tokenizer.ggml.remove_extra_whitespaces", .bool(removesExtraSpaces))
        guard !characterMap.isEmpty else { return }
        metadata.set("tokenizer.ggml.precompiled_charsmap", .array(.uint8(characterMap)))
    }

    /// Writes defaults for what no file gives; engines would assume T5's tokens, and its end of every text.
    /// - Throws: `ConversionProblem` for a vocabulary without an unknown token.
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
