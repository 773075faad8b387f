import BinaryIO
import GGUF
import Safetensors

/// Remarks on a model that converts without an error, as sentences.
struct ConversionNotes {
    private(set) var all: [String] = []

    init(_ folder: HuggingFaceFolder, _ family: any ModelFamily, _ adapters: [LowRankAdapter], _ metadata: Metadata) {
        let names = Set(folder.checkpoint.entries.compactMap { TensorNames.ofTextModel($0.tensor.name) })
        let config = folder.config
        let type = Swift.type(of: family)
        let isSaidTied = family.config.flag("tie_word_embeddings") ?? type.tiesEmbeddings
        let hasHead = names.contains("lm_head.weight")
        // A class named "...Model" has no output head, so none is missing.
        if !hasHead, !isSaidTied, config.purpose == .text, (try? config.architecture)?.hasSuffix("Model") == false {
            all.append(
                "The checkpoint has no 'lm_head.weight', and config.json does not say that it is tied "
                    + "('tie_word_embeddings'). The token embeddings give the output; if the model has a matrix of its own "
                    + "for it, fetch the missing file."
            )
        }
        noteAdapters(adapters, isTied: !hasHead)
        noteEnd(config, metadata)
    }

    private mutating func noteAdapters(_ adapters: [LowRankAdapter], isTied: Bool) {
        let changed = adapters.flatMap { Array($0.replacements.keys) + Array($0.updates.keys) }
        guard isTied, let name = changed.filter(AdapterBase.holdsVocabulary).min() else { return }
        all.append(Self.ofTied(name))
    }

    /// - Parameter table: the name of the embeddings.
    static func ofTied(_ table: String) -> String {
        "The adapter changes '\(table)', which also gives the output of this model: both change, as in what PEFT saves "
            + "after a merge."
    }

    /// Adds a remark if there is no end token: without one a model does not stop generating.
    private mutating func noteEnd(_ config: ModelConfig, _ metadata: Metadata) {
        guard metadata["tokenizer.ggml.eos_token_id"] == nil, config.purpose == .text else { return }
        let value = config.json["eos_token_id"] ?? config.json["text_config"]?["eos_token_id"]
        let reason =
            if value?.array != nil {
                "config.json gives a list of them and no other file names one"
            } else if let id = value?.integer {
                "config.json names the token \(id), which the vocabulary does not have"
            } else {
                "no file names one"
            }
        all.append(
            "The model gets no end token (eos): \(reason). Engines then use a default or never stop; name it as 'eos_token' "
                + "in tokenizer_config.json."
        )
    }
}
