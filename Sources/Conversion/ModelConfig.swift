import BinaryIO

/// A model's `config.json`, with the names that its settings go by in different releases of transformers.
struct ModelConfig: Sendable {
    static let file = "config.json"

    let json: JSONValue
    /// RoPE settings in the form of transformers 5: also from `rope_scaling` and `rope_theta` of transformers 4.
    private let rope: [String: JSONValue]

    init(_ json: JSONValue) throws {
        guard json.object != nil else {
            throw ConversionProblem.invalidJSON(file: Self.file, reason: "it is no object")
        }
        self.json = json
        var rope: [String: JSONValue] = [:]
        let settings = json["rope_parameters"]?.object ?? json["rope_scaling"]?.object
        for (key, value) in settings?.members ?? [] { rope[key] = value }
        for key in ["rope_theta", "partial_rotary_factor", "original_max_position_embeddings"] where rope[key] == nil {
            rope[key] = json[key]
        }
        rope["rope_type"] = rope["rope_type"] ?? rope["type"]
        self.rope = rope
    }

    var architecture: String {
        get throws {
            guard let name = json["architectures"]?.array?.first?.string else {
                throw ConversionProblem.missingKey(file: Self.file, key: "architectures")
            }
            return name
        }
    }

    /// The whole number under the first of `keys` that is there and not null.
    func integer(_ keys: String...) throws -> Int? {
        guard let (key, value) = first(keys) else { return nil }
        guard let integer = value.integer, (0...Int(UInt32.max)).contains(integer) else {
            throw ConversionProblem.invalidValue(file: Self.file, key: key, expected: "a whole number of 32 bits")
        }
        return integer
    }

    func requiredInteger(_ keys: String...) throws -> Int {
        guard let (key, _) = first(keys), let value = try integer(key) else {
            throw ConversionProblem.missingKey(file: Self.file, key: keys[0])
        }
        return value
    }

    /// As `requiredInteger`, for counts that other numbers are divided by.
    func requiredCount(_ key: String) throws -> Int {
        let value = try requiredInteger(key)
        guard value > 0 else {
            throw ConversionProblem.invalidValue(file: Self.file, key: key, expected: "1 or more")
        }
        return value
    }

    func number(_ keys: String...) throws -> Double? {
        guard let (key, value) = first(keys) else { return nil }
        return try Self.number(value, key)
    }

    func ropeNumber(_ key: String) throws -> Double? {
        guard let value = rope[key], !value.isNull else { return nil }
        return try Self.number(value, key)
    }

    /// A RoPE setting that counts tokens: a whole number of 32 bits, 1 or more.
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

    /// The kind of RoPE scaling, in lower case.
    var ropeType: String? { rope["rope_type"]?.string?.lowercased() }

    private func first(_ keys: [String]) -> (String, JSONValue)? {
        for key in keys {
            if let value = json[key], !value.isNull { return (key, value) }
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
