import BinaryIO

/// The differences between the layers of a Gemma 4, from config.json: either in the Hub's form, which has settings for
/// layers of full attention, or in that of transformers, which lists each layer's own settings.
struct Gemma4Layers {
    /// Whether each layer has a window.
    let slide: [Bool]
    /// The number of layers at the end that use keys and values of earlier ones.
    let sharedCount: Int
    /// Elements of a head in layers with a window.
    let headLength: Int
    /// Elements of a head in layers of full attention.
    let fullHeadLength: Int

    /// The default of transformers.
    private static let standardFullHeadLength = 512

    init(_ config: ModelConfig) throws {
        let count = try config.requiredCount("num_hidden_layers")
        if let types = config.strings("layer_types") {
            guard types.count == count else {
                throw ConversionProblem.invalidValue(
                    file: ModelConfig.file,
                    key: "layer_types",
                    expected: "one name for each of \(count) layers"
                )
            }
            slide = types.dropLast().map { $0 == "sliding_attention" } + [false]
        } else {
            slide = (0..<count).map { !($0 + 1).isMultiple(of: 6) && $0 < count - 1 }
        }
        sharedCount = try config.requiredInteger("num_kv_shared_layers")
        guard sharedCount < count else {
            throw ConversionProblem.invalidValue(
                file: ModelConfig.file,
                key: "num_kv_shared_layers",
                expected: "fewer than the \(count) layers"
            )
        }
        headLength = try config.headLength
        let own = try Self.setting("head_dim", hub: "global_head_dim", config, slide)
        fullHeadLength = own ?? Self.standardFullHeadLength
        guard (2...1 << 16).contains(fullHeadLength), fullHeadLength.isMultiple(of: 2) else {
            throw ConversionProblem.invalidValue(
                file: ModelConfig.file,
                key: "global_head_dim",
                expected: "an even number, 2 to 65536"
            )
        }
    }

    /// A setting of the first layer of full attention that has its own.
    private static func setting(_ name: String, hub: String, _ config: ModelConfig, _ slide: [Bool]) throws -> Int? {
        for (key, entry) in config.object("per_layer_config")?.members ?? [] {
            guard let layer = Int(key), slide.indices.contains(layer), !slide[layer], let value = entry[name],
                !value.isNull
            else { continue }
            guard let number = value.integer, (0...Int(UInt32.max)).contains(number) else {
                throw ConversionProblem.invalidValue(
                    file: ModelConfig.file,
                    key: "per_layer_config.\(key).\(name)",
                    expected: "a whole number of 32 bits"
                )
            }
            return number
        }
        return try config.integer(hub)
    }

    /// The width of each layer's network: double in layers that share, if config.json says so; nil if all layers have
    /// the same.
    func feedForwardLengths(_ config: ModelConfig) throws -> [Int]? {
        guard config.flag("use_double_wide_mlp") == true else { return nil }
        let length = try config.requiredInteger("intermediate_size")
        return slide.indices.map { $0 < slide.count - sharedCount ? length : 2 * length }
    }

    /// The number of key-value heads of each layer; nil if all layers have the same.
    func keyValueHeadCounts(_ config: ModelConfig) throws -> [Int]? {
        let isOwn = config.object("per_layer_config") != nil || config.flag("attention_k_eq_v") == true
        let key = "num_key_value_heads"
        guard isOwn, let full = try Self.setting(key, hub: "num_global_key_value_heads", config, slide) else {
            return nil
        }
        let local = try config.keyValueHeadCount
        return slide.map { $0 ? local : full }
    }
}
