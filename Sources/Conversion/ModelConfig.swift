import BinaryIO

/// A model's `config.json`, with the names of its settings in different releases of transformers.
struct ModelConfig: Sendable {
    static let file = "config.json"

    /// The largest number of heads, layers or experts that is accepted.
    private static let largestCount = 1 << 20
    /// The longest head that is accepted, in elements; real heads have 64 to 256.
    private static let longestHead = 1 << 16

    /// The whole file, for settings outside the text model's part.
    let json: JSONValue
    /// The model's purpose, from the other files of the folder.
    var purpose = ModelPurpose.text
    /// generation_config.json; nil if it does not exist.
    var generation: JSONValue?
    /// The number of layers of the checkpoint that predict further tokens (MTP).
    var predictorCount = 0
    /// The text model's settings: those of `text_config` override those around it, which override transformers'
    /// defaults.
    private var settings: [String: JSONValue]
    /// Settings that override those of the file.
    private var overrides: [String: JSONValue] = [:]
    /// RoPE settings in the form of transformers 5, converted from `rope_scaling` and `rope_theta` of transformers 4 if
    /// necessary.
    private let rope: [String: JSONValue]

    init(_ json: JSONValue) throws {
        try self.init(json, defaults: [:])
    }

    private init(_ json: JSONValue, defaults: [String: JSONValue]) throws {
        guard json.object != nil else {
            throw ConversionProblem.invalidJSON(file: Self.file, reason: "it is not an object")
        }
        self.json = json
        var settings = defaults
        for part in [json.object, json["text_config"]?.object] {
            // Null counts as absent.
            for (key, value) in part?.members ?? [] where !value.isNull { settings[key] = value }
        }
        self.settings = settings
        var rope: [String: JSONValue] = [:]
        var parameters = (settings["rope_parameters"] ?? settings["rope_scaling"])?.object
        if let full = parameters?["full_attention"]?.object {
            if let local = parameters?["sliding_attention"]?["rope_theta"] { rope["rope_local_base_freq"] = local }
            parameters = full
        }
        for (key, value) in parameters?.members ?? [] where !value.isNull { rope[key] = value }
        let outside = [
            "rope_theta", "rope_local_base_freq", "partial_rotary_factor", "original_max_position_embeddings",
        ]
        for key in outside where rope[key] == nil { rope[key] = settings[key] }
        // The names of the RoPE bases in encoders.
        rope["rope_theta"] = rope["rope_theta"] ?? settings["global_rope_theta"] ?? settings["rotary_emb_base"]
        rope["rope_local_base_freq"] = rope["rope_local_base_freq"] ?? settings["local_rope_theta"]
        rope["rope_type"] = rope["rope_type"] ?? rope["type"]
        self.rope = rope
    }

    /// - Parameter defaults: the defaults of transformers, as JSON text by key.
    func filled(with defaults: [String: String]) throws -> ModelConfig {
        var config = try ModelConfig(json, defaults: try defaults.mapValues { try JSONValue(parsing: Array($0.utf8)) })
        (config.purpose, config.generation, config.predictorCount) = (purpose, generation, predictorCount)
        config.overrides = overrides
        config.settings.merge(overrides) { $1 }
        return config
    }

    /// The configuration with another number for a setting.
    func setting(_ key: String, to number: Int) -> ModelConfig {
        var config = self
        config.overrides[key] = .number("\(number)")
        config.settings.merge(config.overrides) { $1 }
        return config
    }

    var architecture: String {
        get throws {
            let own = json["text_config"]?["architectures"]?.array ?? json["architectures"]?.array
            guard let name = own?.first?.string else {
                throw ConversionProblem.missingKey(file: Self.file, key: "architectures")
            }
            return name
        }
    }

    /// The integer under the first of `keys` that exists and is not null.
    func integer(_ keys: String...) throws -> Int? {
        guard let (key, value) = first(keys) else { return nil }
        guard let integer = value.integer, (0...Int(UInt32.max)).contains(integer) else {
            throw ConversionProblem.invalidValue(file: Self.file, key: key, expected: "a whole number of 32 bits")
        }
        return integer
    }

    func requiredInteger(_ keys: String...) throws -> Int { try requiredInteger(keys) }

    private func requiredInteger(_ keys: [String]) throws -> Int {
        guard let (key, _) = first(keys), let value = try integer(key) else {
            throw ConversionProblem.missingKey(file: Self.file, key: keys[0])
        }
        return value
    }

    /// Like `requiredInteger`, for counts that are used as divisors and as lengths of tables.
    func requiredCount(_ keys: String...) throws -> Int { try requiredCount(keys) }

    func requiredCount(_ keys: [String]) throws -> Int {
        let value = try requiredInteger(keys)
        guard (1...Self.largestCount).contains(value) else {
            let key = first(keys)?.0 ?? keys[0]
            let expected = value == 0 ? "1 or more" : "\(Self.largestCount) or less"
            throw ConversionProblem.invalidValue(file: Self.file, key: key, expected: expected)
        }
        return value
    }

    func requiredNumber(_ key: String) throws -> Double {
        guard let value = try number(key) else { throw ConversionProblem.missingKey(file: Self.file, key: key) }
        return value
    }

    func flag(_ key: String) -> Bool? { settings[key]?.bool }

    func string(_ key: String) -> String? { settings[key]?.string }

    /// Whether the file has the key with the value null.
    func isNull(_ key: String) -> Bool { (json["text_config"]?[key] ?? json[key])?.isNull == true }

    /// The texts of a list; nil if there is none.
    func strings(_ key: String) -> [String]? { settings[key]?.array?.compactMap(\.string) }

    /// The integers of a list; nil if there is none.
    func integers(_ key: String) -> [Int]? { settings[key]?.array?.compactMap(\.integer) }

    /// A list of numbers.
    /// - Parameter count: its required length; nil for any.
    func requiredNumbers(_ key: String, count: Int? = nil) throws -> [Double] {
        guard let value = settings[key] else { throw ConversionProblem.missingKey(file: Self.file, key: key) }
        guard let array = value.array, count == nil || array.count == count else {
            let expected = count.map { "a list of \($0) numbers" } ?? "a list of numbers"
            throw ConversionProblem.invalidValue(file: Self.file, key: key, expected: expected)
        }
        return try array.map { try Self.number($0, key) }
    }

    /// The members of an object; nil if there is none.
    func object(_ key: String) -> JSONObject? { settings[key]?.object }

    /// The fraction of a head that the rotary embedding rotates, from 0 to 1.
    func rotaryShare() throws -> Double {
        let share = try ropeNumber("partial_rotary_factor") ?? 1
        guard (0...1).contains(share) else {
            throw ConversionProblem.invalidValue(file: Self.file, key: "partial_rotary_factor", expected: "from 0 to 1")
        }
        return share
    }

    /// The quantization method of the weights; nil if they are not quantized.
    var quantizationMethod: String? { json["quantization_config"]?["quant_method"]?.string }

    /// The id of the token with a role; the whole model's setting overrides the text model's.
    func tokenID(_ role: String) -> Int? {
        let key = "\(role)_token_id"
        guard let value = json[key], !value.isNull else { return json["text_config"]?[key]?.integer }
        return value.integer
    }

    var layerCount: Int {
        get throws { try requiredInteger("num_hidden_layers", "n_layers", "n_layer") }
    }

    var keyValueHeadCount: Int {
        get throws {
            guard first(["num_key_value_heads"]) != nil else { return try requiredCount("num_attention_heads") }
            return try requiredCount("num_key_value_heads")
        }
    }

    /// Elements of an attention head; some models' tables have half as many.
    var headLength: Int {
        get throws {
            let length = try integer("head_dim")
            let value = try length ?? requiredInteger("hidden_size") / requiredCount("num_attention_heads")
            guard (1...Self.longestHead).contains(value) else {
                throw ConversionProblem.invalidValue(
                    file: Self.file,
                    key: "head_dim",
                    expected: "1 to \(Self.longestHead)"
                )
            }
            return value
        }
    }

    /// The RoPE base in layers with a sliding window; nil if they have no separate one.
    var localRopeBase: Double? { get throws { try ropeNumber("rope_local_base_freq") } }

    func number(_ keys: String...) throws -> Double? {
        guard let (key, value) = first(keys) else { return nil }
        return try Self.number(value, key)
    }

    func ropeNumber(_ key: String) throws -> Double? {
        guard let value = rope[key], !value.isNull else { return nil }
        return try Self.number(value, key)
    }

    /// A RoPE setting that counts tokens: a 32-bit integer of at least 1.
    func ropeCount(_ key: String) throws -> Int? {
        guard let number = try ropeNumber(key) else { return nil }
        guard let count = Int(exactly: number), (1...Int(UInt32.max)).contains(count) else {
            throw ConversionProblem.invalidValue(file: Self.file, key: key, expected: "a whole number, 1 or more")
        }
        return count
    }

    func ropeNumbers(_ key: String) throws -> [Double]? {
        guard let value = rope[key], !value.isNull else { return nil }
        guard let array = value.array else {
            throw ConversionProblem.invalidValue(file: Self.file, key: key, expected: "a list of numbers")
        }
        return try array.map { try Self.number($0, key) }
    }

    /// The number of a head's pairs that each of the four kinds of position rotates; nil if one kind rotates all.
    func ropeSections() throws -> [Int32]? {
        guard let numbers = try ropeNumbers("mrope_section") else { return nil }
        let sections = numbers.prefix(4).compactMap { Int32(exactly: $0) }
        guard sections.count == min(numbers.count, 4), sections.allSatisfy({ $0 >= 0 }) else {
            throw ConversionProblem.invalidValue(
                file: Self.file,
                key: "mrope_section",
                expected: "a list of whole numbers"
            )
        }
        return sections + Array(repeating: 0, count: 4 - sections.count)
    }

    /// The kind of RoPE scaling, in lowercase.
    var ropeType: String? { rope["rope_type"]?.string?.lowercased() }

    private func first(_ keys: [String]) -> (String, JSONValue)? {
        for key in keys {
            if let value = settings[key] { return (key, value) }
        }
        return nil
    }

    private static func number(_ value: JSONValue, _ key: String) throws -> Double {
        guard let number = value.double, number.isFinite else {
            throw ConversionProblem.invalidValue(file: file, key: key, expected: "a number")
        }
        return number
    }
}
