import OrderedCollections

/// A GGUF file's key-value pairs, in the order of the file.
public struct Metadata: Equatable, Sendable {
    private var entries: OrderedDictionary<String, MetadataValue> = [:]

    /// Creates metadata without pairs.
    public init() {}

    /// The number of pairs.
    public var count: Int { entries.count }

    /// The pairs in the order of the file.
    public var pairs: [(key: String, value: MetadataValue)] { entries.map { ($0.key, $0.value) } }

    /// The value of a key; nil if the key is missing.
    public subscript(key: String) -> MetadataValue? { entries[key] }

    /// Sets a value; an existing key keeps its place.
    public mutating func set(_ key: String, _ value: MetadataValue) { entries[key] = value }

    /// Sets a value at the end, as llama.cpp's `gguf_set_val_*` functions do.
    public mutating func moveToEnd(_ key: String, _ value: MetadataValue) {
        entries.removeValue(forKey: key)
        entries[key] = value
    }

    /// Removes the pair of this key, if there is one.
    public mutating func remove(_ key: String) { entries.removeValue(forKey: key) }

    /// Appends a pair unless the key exists.
    /// - Returns: whether it was appended.
    mutating func append(_ key: String, _ value: MetadataValue) -> Bool {
        guard entries[key] == nil else { return false }
        entries[key] = value
        return true
    }
}

extension Metadata {
    /// Returns a text; nil if the key is missing.
    /// - Throws: `GGUFProblem.wrongValueType`.
    public func string(_ key: String) throws -> String? {
        try value(key, "a string") { if case .string(let text) = $0 { text } else { nil } }
    }

    /// Returns a whole number of any width.
    public func integer(_ key: String) throws -> Int? {
        try value(key, "a whole number") { $0.integer }
    }

    /// Returns a number of either precision; nil if the key is missing.
    /// - Throws: `GGUFProblem.wrongValueType`.
    public func float(_ key: String) throws -> Float? {
        try value(key, "a number") { $0.float }
    }

    /// Returns a boolean; nil if the key is missing.
    /// - Throws: `GGUFProblem.wrongValueType`.
    public func bool(_ key: String) throws -> Bool? {
        try value(key, "a boolean") { if case .bool(let flag) = $0 { flag } else { nil } }
    }

    /// Returns an array of texts; nil if the key is missing.
    /// - Throws: `GGUFProblem.wrongValueType`.
    public func strings(_ key: String) throws -> [String]? {
        try value(key, "an array of strings") { if case .array(.string(let texts)) = $0 { texts } else { nil } }
    }

    /// Returns an array of numbers in single precision; nil if the key is missing.
    /// - Throws: `GGUFProblem.wrongValueType`.
    public func floats(_ key: String) throws -> [Float]? {
        try value(key, "an array of numbers") { if case .array(.float32(let numbers)) = $0 { numbers } else { nil } }
    }

    /// Returns an array of whole numbers of any width; nil if the key is missing.
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
