import GGUF

/// A value to write instead of the one in the source's metadata, as with llama-quantize's `--override-kv`.
public struct MetadataOverride: Sendable, Equatable {
    /// The key, 1 to 127 bytes of UTF-8.
    public let key: String
    /// The value to write.
    public let value: Value

    /// The four supported types.
    public enum Value: Sendable, Equatable {
        case integer(Int64)
        case float(Double)
        case bool(Bool)
        case text(String)
    }

    /// The longest key or text, in bytes. The reference stores them in 128 bytes with a final zero.
    static let longestText = 127

    /// - Returns: nil for an empty or overlong key or text, and for the alignment, which the layout of the file
    ///   decides.
    public init?(key: String, value: Value) {
        guard (1...Self.longestText).contains(key.utf8.count), key != "general.alignment" else { return nil }
        if case .text(let text) = value, text.utf8.count > Self.longestText { return nil }
        self.key = key
        self.value = value
    }

    /// Reads `KEY=TYPE:VALUE`, where TYPE is `int`, `float`, `bool` or `str`.
    public init?(_ text: some StringProtocol) {
        guard let sign = text.firstIndex(of: "=") else { return nil }
        let typed = text[text.index(after: sign)...]
        guard let colon = typed.firstIndex(of: ":") else { return nil }
        let word = String(typed[typed.index(after: colon)...])
        let value: Value? =
            switch typed[..<colon] {
            case "int": Int64(word).map(Value.integer)
            case "float": Double(word).map(Value.float)
            case "bool": Bool(word).map(Value.bool)
            case "str": .text(word)
            default: nil
            }
        guard let value else { return nil }
        self.init(key: String(text[..<sign]), value: value)
    }

    /// The value in the file. Integers become unsigned without their sign, as in the reference.
    var stored: MetadataValue {
        switch value {
        case .integer(let number): .uint32(UInt32(truncatingIfNeeded: number.magnitude))
        case .float(let number): .float32(Float(number))
        case .bool(let flag): .bool(flag)
        case .text(let text): .string(text)
        }
    }
}

extension Metadata {
    /// Returns the metadata as the reference reads it with overrides: only a value of the same kind is overridden,
    /// arrays are not, and the first override of a key counts.
    func reading(_ overrides: [MetadataOverride]) -> Metadata {
        var metadata = self
        for override in Dictionary(overrides.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first }).values {
            switch (self[override.key], override.value) {
            case (nil, _), (.float32, .float), (.float64, .float), (.bool, .bool), (.string, .text):
                metadata.set(override.key, override.stored)
            case (let old?, .integer) where old.integer != nil:
                metadata.set(override.key, override.stored)
            default:
                continue
            }
        }
        return metadata
    }

    /// Truncates texts at their first zero, as the reference does when it passes them on.
    mutating func cutTextsAtZero() {
        func cut(_ text: String) -> String { String(decoding: text.utf8.prefix { $0 != 0 }, as: UTF8.self) }
        for (key, value) in pairs {
            switch value {
            case .string(let text) where text.utf8.contains(0):
                set(key, .string(cut(text)))
            case .array(.string(let texts)) where texts.contains { $0.utf8.contains(0) }:
                set(key, .array(.string(texts.map(cut))))
            default:
                continue
            }
        }
    }
}
