import GGUF
import SystemPackage
import Tensors

/// A small model with random weights, written as a GGUF file. The same values give the same file everywhere.
public struct SyntheticModel {
    public var metadata = Metadata()
    /// Tensors in the order of the file, as single-precision numbers; the first dimension varies fastest.
    public var tensors: [(name: String, shape: [Int], values: [Float])] = []
    private var random: SplitMix64

    /// - Parameters:
    ///   - vocabulary: a file whose tokenizer the model takes over.
    ///   - heads: attention heads, and heads of keys and values, all of 32 elements.
    public init(
        architecture: String,
        vocabulary: Metadata,
        width: Int,
        hidden: Int,
        layers: Int,
        heads: (Int, Int),
        seed: UInt64
    ) throws {
        random = SplitMix64(seed: seed)
        let tokens = try vocabulary.strings("tokenizer.ggml.tokens").required("tokenizer.ggml.tokens").count
        metadata.set("general.architecture", .string(architecture))
        for (name, value) in [
            ("block_count", layers), ("embedding_length", width), ("feed_forward_length", hidden),
            ("attention.head_count", heads.0), ("attention.head_count_kv", heads.1), ("context_length", 2048),
            ("rope.dimension_count", 32), ("attention.key_length", 32), ("attention.value_length", 32),
        ] {
            metadata.set("\(architecture).\(name)", .uint32(UInt32(value)))
        }
        metadata.set("\(architecture).attention.layer_norm_rms_epsilon", .float32(1e-5))
        for (key, value) in vocabulary.pairs where key.hasPrefix("tokenizer.") { metadata.set(key, value) }

        add("token_embd.weight", [width, tokens], spread: 1)
        for layer in 0..<layers {
            let name = "blk.\(layer)"
            add("\(name).attn_norm.weight", [width], spread: 0.5, center: 1)
            add("\(name).attn_q.weight", [width, heads.0 * 32])
            add("\(name).attn_k.weight", [width, heads.1 * 32])
            add("\(name).attn_v.weight", [width, heads.1 * 32])
            add("\(name).attn_output.weight", [heads.0 * 32, width])
            add("\(name).ffn_norm.weight", [width], spread: 0.5, center: 1)
            add("\(name).ffn_gate.weight", [width, hidden])
            add("\(name).ffn_up.weight", [width, hidden])
            add("\(name).ffn_down.weight", [hidden, width])
        }
        add("output_norm.weight", [width], spread: 0.5, center: 1)
        add("output.weight", [width, tokens])
    }

    /// A model without tensors.
    public init(hyperparameters: Metadata, vocabulary: Metadata, seed: UInt64) {
        random = SplitMix64(seed: seed)
        metadata = hyperparameters
        for (key, value) in vocabulary.pairs where key.hasPrefix("tokenizer.") { metadata.set(key, value) }
    }

    /// Appends a tensor of uniform random numbers; without a spread, one that keeps a row's products near one.
    public mutating func add(_ name: String, _ shape: [Int], spread: Float? = nil, center: Float = 0) {
        let width = spread ?? 3 / Float(shape[0]).squareRoot()
        let count = shape.reduce(1, *)
        let values = (0..<count).map { _ in center + width * (2 * random.nextFraction() - 1) }
        tensors.append((name, shape, values))
    }

    /// Puts matrices with the same rows' length on top of each other, under a new name.
    public mutating func fuse(_ names: [String], as fused: String) {
        let parts = names.map { name in tensors.first { $0.name == name }! }
        let rows = parts.reduce(0) { $0 + $1.shape[1] }
        tensors.removeAll { names.contains($0.name) }
        tensors.append((fused, [parts[0].shape[0], rows], parts.flatMap(\.values)))
    }

    public func write(to path: FilePath) throws {
        let table = tensors.map { GGUFTensor(name: $0.name, type: .f32, shape: TensorShape($0.shape)!)! }
        let writer = try GGUFFileWriter(path: path, layout: GGUFLayout(metadata: metadata, tensors: table))
        for (index, tensor) in tensors.enumerated() {
            try tensor.values.withUnsafeBytes { try writer.write($0, tensor: index, at: 0) }
        }
        try writer.commit()
    }
}
