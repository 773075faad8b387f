import OrderedCollections

/// A GGUF file's key-value pairs, in the order of the file.
public struct Metadata: Equatable, Sendable {
    private var entries: OrderedDictionary<String, MetadataValue> = [:]

    /// Metadata without pairs.
    public init() {}

    /// How many pairs there are.
    public var count: Int { entries.count }

    /// The pairs in the order of the file.
    public var pairs: [(key: String, value: MetadataValue)] { entries.map { ($0.key, $0.value) } }

    /// The value of a key, or nil where the key is missing.
    public subscript(key: String) -> MetadataValue? { entries[key] }

    /// Sets a value; a key that is there keeps its place.
    public mutating func set(_ key: String, _ value: MetadataValue) { entries[key] = value }

    /// Sets a value at the end, as llama.cpp's `gguf_set_val_*` functions do.
    public mutating func moveToEnd(_ key: String, _ value: MetadataValue) {
        entries.removeValue(forKey: key)
        entries[key] = value
    }

    /// Removes a pair, if there is one of this key.
    public mutating func remove(_ key: String) { entries.removeValue(forKey: key) }

    /// Appends a pair unless the key is there already.
    /// - Returns: whether it was appended.
    mutating func append(_ key: String, _ value: MetadataValue) -> Bool {
        guard entries[key] == nil else { return false }
        entries[key] = value
        return true
    }
}

extension Metadata {
    /// A text, or nil where the key is missing.
    /// - Throws: `GGUFProblem.wrongValueType`.
    public func string(_ key: String) throws -> String? {
        try value(key, "a string") { if case .string(let text) = $0 { text } else { nil } }
    }

    /// A whole number of any width.
    public func integer(_ key: String) throws -> Int? {
        try value(key, "a whole number") { $0.integer }
    }

    /// A number of either precision, or nil where the key is missing.
    /// - Throws: `GGUFProblem.wrongValueType`.
    public func float(_ key: String) throws -> Float? {
        try value(key, "a number") { $0.float }
    }

    /// A boolean, or nil where the key is missing.
    /// - Throws: `GGUFProblem.wrongValueType`.
    public func bool(_ key: String) throws -> Bool? {
        try value(key, "a boolean") { if case .bool(let flag) = $0 { flag } else { nil } }
    }

    /// An array of texts, or nil where the key is missing.
    /// - Throws: `GGUFProblem.wrongValueType`.
    public func strings(_ key: String) throws -> [String]? {
        try value(key, "an array of strings") { if case .array(.string(let texts)) = $0 { texts } else { nil } }
    }

    /// An array of numbers in single precision, or nil where the key is missing.
    /// - Throws: `GGUFProblem.wrongValueType`.
    public func floats(_ key: String) throws -> [Float]? {
        try value(key, "an array of numbers") { if case .array(.float32(let numbers)) = $0 { numbers } else { nil } }
    }

    /// An array of whole numbers of any width, or nil where the key is missing.
    /// - Throws: `GGUFProblem.wrongValueType`.
    public func integers(_ key: String) throws -> [Int]? {
        try value(key, "an array of whole numbers") { if case .array(let array) = $0 { array.integers } else { nil } }
    }

    private func value<Value>(
        _ key: String,
        _ expected: String,
        _ extract: (MetadataValue) -> Value?
    ) throws -> Value? {
        guard let found = entries[key] else { return nil }
        guard let value = extract(found) else {
            throw GGUFProblem.wrongValueType(key: key, expected: expected, found: found.typeName)
        }
        return value
    }
}
