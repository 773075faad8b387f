import GGUF
import Tensors

extension ModelProfile {
    /// Reads the profile from a GGUF file's header; the weights are not touched.
    /// - Parameter quantType: how the file's quantization is called: "Q4_K_M".
    /// - Throws: `GGUFError` when a key that an estimate needs is missing.
    public init(_ file: GGUFFile, quantType: String) throws {
        self = try file.reading { try ModelProfile($0, file.tensors, quantType: quantType) }
    }

    init(_ metadata: Metadata, _ tensors: [GGUFTensor], quantType: String) throws {
        try metadata.requireModel()
        let architecture = try metadata.string("general.architecture").required("general.architecture")
        func required(_ key: String) throws -> Int {
            try metadata.integer("\(architecture).\(key)").required("\(architecture).\(key)")
        }
        func optional(_ key: String) throws -> Int? { try metadata.integer("\(architecture).\(key)") }
        /// A number for all layers, or one for each.
        func perLayer(_ key: String, count: Int) throws -> [Int]? {
            let key = "\(architecture).\(key)"
            if case .array = metadata[key] { return try metadata.integers(key) }
            return try metadata.integer(key).map { Array(repeating: $0, count: count) }
        }
        let layerCount = try required("block_count")
        guard (1...(1 << 16)).contains(layerCount) else {
            throw GGUFProblem.wrongValueType(
                key: "\(architecture).block_count",
                expected: "a count of layers",
                found: "\(layerCount)"
            )
        }
        let embeddingLength = try required("embedding_length")
        guard (1...(1 << 24)).contains(embeddingLength) else {
            throw GGUFProblem.wrongValueType(
                key: "\(architecture).embedding_length",
                expected: "a width of 1 to \(1 << 24)",
                found: "\(embeddingLength)"
            )
        }
        let heads = try perLayer("attention.head_count", count: layerCount)
            .required("\(architecture).attention.head_count")
        let kvHeads = try perLayer("attention.head_count_kv", count: layerCount) ?? heads
        let headCount = max(1, heads.max() ?? 1)
        let keyLength = try optional("attention.key_length") ?? embeddingLength / headCount
        // Latent attention keeps one row a token, which serves as key and as value.
        let isLatent = try optional("attention.key_length_mla") != nil
        let valueLength = isLatent ? 0 : try optional("attention.value_length") ?? embeddingLength / headCount
        let feedForwardLength = try perLayer("feed_forward_length", count: layerCount)?.max() ?? 0
        let convolution = try optional("shortconv.l_cache") ?? 0
        let embedding = tensors.first { $0.name == "token_embd.weight" }
        let experts = try Self.experts(optional("expert_count"), used: optional("expert_used_count"))
        let parameters = Self.parameters(tensors, experts)
        self.init(
            architecture: architecture,
            parameterCount: parameters.all,
            activeParameterCount: parameters.active,
            weightBytes: tensors.byteCount,
            weightBytesByType: Dictionary(tensors.map { ($0.type.name, $0.byteCount) }, uniquingKeysWith: +),
            tokenEmbeddingBytes: embedding?.byteCount ?? 0,
            isEmbeddingTied: !tensors.contains { $0.name == "output.weight" },
            perLayerEmbeddingBytes: tensors.first { $0.name == "per_layer_token_embd.weight" }?.byteCount ?? 0,
            layers: Self.groups(
                kvHeads.prefix(layerCount),
                keyLength: keyLength,
                valueLength: valueLength,
                windows: try Self.windows(metadata, architecture: architecture, layerCount: layerCount),
                // Layers without heads remember the last tokens that their convolution sees, in single precision.
                stateBytes: 4 * embeddingLength * max(0, min(convolution, 1 << 8) - 1)
            ),
            embeddingLength: embeddingLength,
            vocabularySize: embedding?.shape.dimensions.last ?? 0,
            feedForwardLength: feedForwardLength,
            headCount: headCount,
            contextLength: try required("context_length"),
            quantType: quantType,
            experts: experts,
            chat: try Self.chat(metadata),
            graph: Graph(
                tensors,
                feedForwardLength: feedForwardLength,
                leadingDenseLayers: try optional("leading_dense_block_count") ?? 0
            ),
            tokenEmbeddingType: embedding?.type.name,
            tags: try metadata.strings("general.tags")
        )
    }

    private static func chat(_ metadata: Metadata) throws -> Chat {
        let tokens = try metadata.strings("tokenizer.ggml.tokens") ?? []
        let ids = try ["eos", "eot", "eom"].compactMap { try metadata.integer("tokenizer.ggml.\($0)_token_id") }
        var texts: [String] = []
        for id in ids where tokens.indices.contains(id) && !texts.contains(tokens[id]) { texts.append(tokens[id]) }
        return Chat(hasTemplate: try metadata.string("tokenizer.chat_template") != nil, endTokens: texts)
    }

    private static func experts(_ count: Int?, used: Int?) -> Experts? {
        guard let count, count > 1 else { return nil }
        return Experts(count: count, used: min(max(1, used ?? count), count))
    }

    /// Of the experts' tensors a token passes through the share that is used.
    private static func parameters(_ tensors: [GGUFTensor], _ experts: Experts?) -> (all: Int, active: Int) {
        var all = 0
        var active = 0
        for tensor in tensors {
            let count = tensor.shape.elementCount
            all += count
            if let experts, tensor.name.contains("_exps.") {
                active += count / experts.count * experts.used
            } else {
                active += count
            }
        }
        return (all, active)
    }

    /// Runs of layers that keep the same.
    private static func groups(
        _ kvHeads: ArraySlice<Int>,
        keyLength: Int,
        valueLength: Int,
        windows: [Int?],
        stateBytes: Int
    ) -> [LayerGroup] {
        var groups: [LayerGroup] = []
        for (heads, window) in zip(kvHeads, windows) {
            let group = LayerGroup(
                count: 1,
                kvHeads: heads,
                keyLength: keyLength,
                valueLength: valueLength,
                slidingWindow: heads > 0 ? window : nil,
                stateBytes: heads > 0 ? 0 : stateBytes
            )
            var last = groups.last
            last?.count = 1
            if last == group {
                groups[groups.count - 1].count += 1
            } else {
                groups.append(group)
            }
        }
        return groups
    }
}
