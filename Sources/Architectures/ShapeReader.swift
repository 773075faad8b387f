import GGUF

/// Reads the metadata keys of one architecture, and rejects absurd values.
public struct ShapeReader {
    let metadata: Metadata
    let prefix: String
    /// The largest value that is accepted; no model comes near, and larger numbers could overflow later products.
    static let largest = 1 << 24

    /// - Parameter architecture: its name is the prefix of all keys.
    public init(_ metadata: Metadata, _ architecture: Architecture) {
        self.metadata = metadata
        prefix = architecture.name
    }

    /// The full name of a key.
    public func key(_ name: String) -> String { "\(prefix).\(name)" }

    func bad(_ name: String, _ value: some CustomStringConvertible, _ expected: String) -> ShapeProblem {
        .badValue(key: key(name), value: value.description, expected: expected)
    }

    func whole(_ name: String, from least: Int) throws -> Int? {
        guard let value = try metadata.integer(key(name)) else { return nil }
        guard (least...Self.largest).contains(value) else { throw bad(name, value, "\(least) to \(Self.largest)") }
        return value
    }

    func positive(_ name: String) throws -> Int? { try whole(name, from: 1) }

    func requiredPositive(_ name: String) throws -> Int { try positive(name).required(key(name)) }

    func requiredPositive(_ name: String, upTo most: Int) throws -> Int {
        let value = try requiredPositive(name)
        guard value <= most else { throw bad(name, value, "at most \(most)") }
        return value
    }

    /// A number that is neither infinite nor negative.
    func float(_ name: String) throws -> Float? {
        guard let value = try metadata.float(key(name)) else { return nil }
        guard value.isFinite, value >= 0 else { throw bad(name, value, "a number of at least 0") }
        return value
    }

    /// A number for each layer; a single number applies to all.
    func perLayer(_ name: String, count: Int, from least: Int) throws -> [Int]? {
        guard case .array? = metadata[key(name)] else {
            return try whole(name, from: least).map { Array(repeating: $0, count: count) }
        }
        guard let values = try metadata.integers(key(name)) else { return nil }
        guard values.count == count else { throw bad(name, "an array of \(values.count)", "one number per layer") }
        for value in values where !(least...Self.largest).contains(value) {
            throw bad(name, value, "\(least) to \(Self.largest)")
        }
        return values
    }

    /// The unchecked number for the first layer, for keys that may have one per layer.
    /// - Throws: `GGUFProblem` if the value is not an integer.
    public func first(_ name: String) throws -> Int? {
        if case .array? = metadata[key(name)] { return try metadata.integers(key(name))?.first }
        return try metadata.integer(key(name))
    }

    /// Rejects keys that would change the result and are not supported, unless they are zero.
    func refuse(_ names: [String]) throws {
        for name in names {
            guard let value = metadata[key(name)] else { continue }
            if value.integer == 0 || value.float == 0 { continue }
            let text = value.integer.map { "\($0)" } ?? value.float.map { "\($0)" } ?? value.typeName
            throw ShapeProblem.unsupportedValue(key: key(name), value: text)
        }
    }
}
