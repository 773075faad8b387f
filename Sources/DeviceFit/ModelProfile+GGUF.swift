import Architectures
import GGUF
import Tensors

extension ModelProfile {
    /// Reads the profile from a GGUF file's header, without reading the weights.
    /// - Parameter quantType: the name of the file's quantization: "Q4_K_M".
    /// - Throws: `GGUFError` if a key that an estimate needs is missing; `ShapeError` for values that no model has.
    public init(_ file: GGUFFile, quantType: String) throws {
        let shape = try ModelShape(file)
        self = try file.reading { try ModelProfile(shape, $0, file.tensors, quantType: quantType) }
    }

    /// Creates the profile of a file that does not exist yet.
    /// - Parameter tensors: the planned tensors.
    /// - Throws: as the other initializer; `ShapeProblem` and `GGUFProblem` without a path.
    public init(planned metadata: Metadata, _ tensors: [GGUFTensor], quantType: String) throws {
        try self.init(try ModelShape(metadata), metadata, tensors, quantType: quantType)
    }

    init(_ shape: ModelShape, _ metadata: Metadata, _ tensors: [GGUFTensor], quantType: String) throws {
        let embedding = tensors.first { $0.name == "token_embd.weight" }
        // A single expert counts as a dense network.
        let experts = shape.experts.flatMap { $0.count > 1 ? Experts(count: $0.count, used: $0.usedCount) : nil }
        let parameters = Self.parameters(tensors, experts)
        self.init(
            architecture: shape.architecture.name,
            parameterCount: parameters.all,
            activeParameterCount: parameters.active,
            weightBytes: tensors.byteCount,
            weightBytesByType: Dictionary(tensors.map { ($0.type.name, $0.byteCount) }, uniquingKeysWith: +),
            tokenEmbeddingBytes: embedding?.byteCount ?? 0,
            isEmbeddingTied: !tensors.contains { $0.name == "output.weight" },
            perLayerEmbeddingBytes: tensors.first { $0.name == "per_layer_token_embd.weight" }?.byteCount ?? 0,
            layers: Self.groups(shape, tensors),
            embeddingLength: shape.embeddingLength,
            vocabularySize: embedding?.shape.dimensions.last ?? 0,
            feedForwardLength: shape.feedForwardLength,
            headCount: max(1, shape.headCount),
            contextLength: try shape.trainedContext.required("\(shape.architecture.name).context_length"),
            quantType: quantType,
            experts: experts,
            chat: try Self.chat(metadata),
            graph: Graph(tensors, of: shape),
            tokenEmbeddingType: embedding?.type.name,
            tags: try metadata.strings("general.tags")
        )
        let predictors = shape.predictorPrefixes
        func isPredictor(_ tensor: GGUFTensor) -> Bool { predictors.contains(where: tensor.name.hasPrefix) }
        perLayerEmbeddingType = tensors.first { $0.name == "per_layer_token_embd.weight" }?.type.name
        let outside: Set = ["token_embd.weight", "per_layer_token_embd.weight", "output.weight"]
        layerBytesByType = Dictionary(
            tensors.filter { !outside.contains($0.name) && !isPredictor($0) }.map { ($0.type.name, $0.byteCount) },
            uniquingKeysWith: +
        )
        if shape.predictorCount > 0 { predictorBytes = tensors.filter(isPredictor).byteCount }
    }

    private static func chat(_ metadata: Metadata) throws -> Chat {
        let tokens = try metadata.strings("tokenizer.ggml.tokens") ?? []
        let ids = try ["eos", "eot", "eom"].compactMap { try metadata.integer("tokenizer.ggml.\($0)_token_id") }
        var texts: [String] = []
        for id in ids where tokens.indices.contains(id) && !texts.contains(tokens[id]) { texts.append(tokens[id]) }
        return Chat(hasTemplate: try metadata.string("tokenizer.chat_template") != nil, endTokens: texts)
    }

    /// Returns the parameters that a token passes through; of the experts' tensors, the share that is used counts.
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

    /// Groups runs of layers with the same state.
    private static func groups(_ shape: ModelShape, _ tensors: [GGUFTensor]) -> [LayerGroup] {
        var groups: [LayerGroup] = []
        let names = Set(tensors.lazy.map(\.name))
        for (index, layer) in shape.layers.enumerated() {
            var group = LayerGroup(layer, shape)
            if let attention = layer.attention, attention.source == nil, attention.mayTakeKeysForValues,
                !names.contains("blk.\(index).attn_v.weight"), !names.contains("blk.\(index).attn_qkv.weight")
            {
                group.takesKeysForValues = true
            }
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

extension ModelProfile.LayerGroup {
    /// Creates a group of one layer. Its state between tokens is kept in single precision.
    fileprivate init(_ layer: LayerShape, _ shape: ModelShape) {
        let attention = layer.attention
        self.init(
            count: 1,
            kvHeads: attention?.keyValueHeadCount ?? 0,
            keyLength: attention?.keyLength ?? shape.headLength,
            valueLength: attention?.valueLength ?? shape.valueLength,
            slidingWindow: attention?.window,
            stateBytes: 4 * layer.mixer.state.constant,
            feedForwardLength: layer.denseLength.flatMap { $0 == shape.feedForwardLength ? nil : $0 },
            readsOther: attention?.source == nil ? nil : true,
            gatedDelta: layer.gatedDelta.map {
                ModelProfile.GatedDelta(
                    keyHeads: $0.keyHeadCount,
                    valueHeads: $0.valueHeadCount,
                    headLength: $0.headLength,
                    convolutionLength: $0.convolutionLength
                )
            },
            stateSpace: layer.stateSpace.map {
                ModelProfile.StateSpace(
                    heads: $0.headCount,
                    headLength: $0.headLength,
                    groups: $0.groupCount,
                    stateLength: $0.stateLength,
                    convolutionLength: $0.convolutionLength
                )
            },
            lacksMixer: layer.mixer == .absent ? true : nil,
            lacksNetwork: layer.network == .absent ? true : nil
        )
    }
}
