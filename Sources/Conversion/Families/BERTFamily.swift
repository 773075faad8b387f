import BinaryIO
import GGUF

/// BERT, the base of many sentence-transformers embedding models, with the WordPiece vocabulary.
struct BERTFamily: EncoderFamily {
    static let architectures = ["BertModel", "BertForMaskedLM", "BertForSequenceClassification"]
    static let ggufName = "bert"
    static let defaults = [
        "hidden_size": "768", "intermediate_size": "3072", "layer_norm_eps": "1e-12", "max_position_embeddings": "512",
        "num_attention_heads": "12", "num_hidden_layers": "12", "type_vocab_size": "2", "vocab_size": "30522",
    ]
    static let layerNames = [
        "attention.self.query": "attn_q", "attention.self.key": "attn_k", "attention.self.value": "attn_v",
        "attention.output.dense": "attn_output", "attention.output.LayerNorm": "attn_output_norm",
        "intermediate.dense": "ffn_up", "output.dense": "ffn_down", "output.LayerNorm": "layer_output_norm",
    ]
    static let outsideNames = [
        "embeddings.word_embeddings": "token_embd", "embeddings.token_type_embeddings": "token_types",
        "embeddings.position_embeddings": "position_embd", "embeddings.LayerNorm": "token_embd_norm",
        "classifier.dense": "cls", "classifier.out_proj": "cls.output",
    ]
    static let holders = ["bert."]
    static let droppedNames = [
        "embeddings.position_ids", "pooler.dense.", "cls.predictions", "cls.seq_relationship",
    ]

    let config: ModelConfig
}
