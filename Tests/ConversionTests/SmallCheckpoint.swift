import BinaryIO
import Conversion
import SystemPackage
import Tensors
import TestSupport

/// A Hugging Face folder of a model with a handful of random weights, every part of which a test can change.
struct SmallCheckpoint {
    struct Tensor {
        var name: String
        var dtype: String
        /// Slowest dimension first, as PyTorch writes it.
        var shape: [Int]
        var bytes: [UInt8]
    }

    /// The members of config.json, as JSON text.
    var config: [String: String] = [:]
    var tensors: [Tensor] = []
    var files: [String: [UInt8]] = [:]
    private var random = SeededRandom(seed: 17)

    /// Appends random weights around zero.
    mutating func add(_ name: String, _ shape: [Int], dtype: String = "BF16") {
        var bytes = LittleEndianBytes()
        for _ in 0..<shape.reduce(1, *) {
            guard dtype != "U8" else {
                // As an exponent, any of these stands for a number.
                bytes.append(UInt8.random(in: 0..<255, using: &random))
                continue
            }
            let value = Float.random(in: -1...1, using: &random)
            switch dtype {
            case "F32": bytes.append(value.bitPattern)
            case "F16": bytes.append(HalfFloat.encode(value))
            default: bytes.append(BrainFloat.encode(value))
            }
        }
        tensors.append(Tensor(name: name, dtype: dtype, shape: shape, bytes: bytes.bytes))
    }

    /// Two layers of Phi-3 with the tiny model's tokenizer.
    static func phi3() throws -> SmallCheckpoint {
        var checkpoint = SmallCheckpoint()
        checkpoint.config = [
            "architectures": #"["Phi3ForCausalLM"]"#, "hidden_size": "64", "intermediate_size": "96",
            "max_position_embeddings": "2048", "num_attention_heads": "4", "num_hidden_layers": "2",
            "original_max_position_embeddings": "2048", "rms_norm_eps": "1e-05", "rope_theta": "10000.0",
            "vocab_size": "3072",
        ]
        checkpoint.add("lm_head.weight", [3072, 64])
        checkpoint.add("model.embed_tokens.weight", [3072, 64])
        for layer in 0..<2 {
            let name = "model.layers.\(layer)"
            checkpoint.add("\(name).input_layernorm.weight", [64])
            checkpoint.add("\(name).mlp.down_proj.weight", [64, 96])
            checkpoint.add("\(name).mlp.gate_up_proj.weight", [192, 64])
            checkpoint.add("\(name).post_attention_layernorm.weight", [64])
            checkpoint.add("\(name).self_attn.o_proj.weight", [64, 64])
            checkpoint.add("\(name).self_attn.qkv_proj.weight", [192, 64])
        }
        checkpoint.add("model.norm.weight", [64])
        let tiny = Goldens.packageRoot.appending("models/tiny-phi3")
        for name in ["tokenizer.model", "tokenizer_config.json", "added_tokens.json"] {
            checkpoint.files[name] = try readFile(tiny.appending(name), limit: 1 << 20)
        }
        return checkpoint
    }

    /// One layer of Llama with four query heads, two key-value heads and a byte-level vocabulary of four tokens.
    static func llama() -> SmallCheckpoint {
        var checkpoint = SmallCheckpoint()
        checkpoint.config = [
            "architectures": #"["LlamaForCausalLM"]"#, "hidden_size": "256", "intermediate_size": "96",
            "max_position_embeddings": "131072", "num_attention_heads": "4", "num_key_value_heads": "2",
            "num_hidden_layers": "1", "rms_norm_eps": "1e-05", "rope_theta": "500000.0", "vocab_size": "4",
        ]
        checkpoint.add("model.embed_tokens.weight", [4, 256])
        checkpoint.add("model.layers.0.input_layernorm.weight", [256])
        checkpoint.add("model.layers.0.mlp.down_proj.weight", [256, 96])
        checkpoint.add("model.layers.0.mlp.gate_proj.weight", [96, 256])
        checkpoint.add("model.layers.0.mlp.up_proj.weight", [96, 256])
        checkpoint.add("model.layers.0.post_attention_layernorm.weight", [256])
        checkpoint.add("model.layers.0.self_attn.k_proj.weight", [128, 256])
        checkpoint.add("model.layers.0.self_attn.o_proj.weight", [256, 256])
        checkpoint.add("model.layers.0.self_attn.q_proj.weight", [256, 256])
        checkpoint.add("model.layers.0.self_attn.v_proj.weight", [128, 256])
        checkpoint.add("model.norm.weight", [256])
        let tokenizer = #"""
            {"model":{"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]},
             "pre_tokenizer":{"type":"ByteLevel"},
             "added_tokens":[{"id":3,"content":"<|end|>","special":true}]}
            """#
        checkpoint.files["tokenizer.json"] = Array(tokenizer.utf8)
        checkpoint.files["tokenizer_config.json"] = Array(#"{"eos_token":"<|end|>"}"#.utf8)
        return checkpoint
    }

    /// Writes the folder, its tensors spread over some shards in order.
    /// - Returns: the folder `model` inside `folder`: what it is called is part of the result.
    func write(into folder: ScratchFolder, shards: Int = 1) throws -> FilePath {
        let path = folder.path.appending("model")
        try makeFolder(path)
        func write(_ bytes: [UInt8], _ name: String) throws { try folder.write(bytes, to: "model/\(name)") }
        let members = config.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }
        try write(Array("{\(members.joined(separator: ","))}".utf8), "config.json")
        for (name, bytes) in files {
            if let inner = FilePath(name).components.dropLast().first { try makeFolder(path.appending(inner)) }
            try write(bytes, name)
        }
        if shards == 1 {
            try write(Self.safetensors(tensors), "model.safetensors")
            return path
        }
        var map: [String] = []
        for shard in 0..<shards {
            let name = "model-0000\(shard + 1)-of-0000\(shards).safetensors"
            let part = tensors[(tensors.count * shard / shards)..<(tensors.count * (shard + 1) / shards)]
            try write(Self.safetensors(Array(part)), name)
            map += part.map { "\"\($0.name)\":\"\(name)\"" }
        }
        try write(Array("{\"weight_map\":{\(map.joined(separator: ","))}}".utf8), "model.safetensors.index.json")
        return path
    }

    static func safetensors(_ tensors: [Tensor]) -> [UInt8] {
        var end = 0
        let entries = tensors.map { tensor in
            defer { end += tensor.bytes.count }
            return #""\#(tensor.name)":{"dtype":"\#(tensor.dtype)","shape":\#(tensor.shape),"#
                + #""data_offsets":[\#(end),\#(end + tensor.bytes.count)]}"#
        }
        let header = "{\(entries.joined(separator: ","))}"
        var file = LittleEndianBytes()
        file.append(counted: header)
        return file.bytes + tensors.flatMap(\.bytes)
    }
}
