import BinaryIO
import Conversion
import Foundation
import GGUF
import SystemPackage
import TestSupport
import Testing

/// What the reference converter made of the tiny model; see Tests/Goldens.
struct ConvertedGolden {
    /// A metadata value as the goldens write it: arrays by their count and the SHA-256 of their text as Python's `json`
    /// spells it.
    struct Value: Equatable {
        var type: [String]
        var text: String
    }

    let digest: String
    let metadata: [(key: String, value: Value)]
    let tensors: [(name: String, type: String, shape: [Int], digest: String)]

    init(_ type: ConvertedType) throws {
        let path = Goldens.tinyPhi3.appending("converted-\(type.rawValue).json")
        let json = try JSONValue(parsing: readFile(path, limit: 1 << 20))
        digest = try #require(json["sha256"]?.string)
        metadata = try #require(json["metadata"]?.object).members.map { key, entry in
            (key, Value(type: entry["type"]?.array?.compactMap(\.string) ?? [], text: try Self.text(entry["value"])))
        }
        tensors = try #require(json["tensors"]?.array).map { tensor in
            (
                try #require(tensor["name"]?.string), try #require(tensor["type"]?.string),
                try #require(tensor["shape"]?.array).compactMap(\.integer), try #require(tensor["sha256"]?.string)
            )
        }
    }

    private static func text(_ value: JSONValue?) throws -> String {
        switch value {
        case .string(let text): return text
        case .bool(let flag): return "\(flag)"
        case .number(let number):
            return number.contains(where: { ".e".contains($0) }) ? "\(Double(number) ?? .nan)" : number
        case .object(let array):
            return "\(try #require(array["count"]?.integer)) elements, \(try #require(array["sha256"]?.string))"
        default: throw JSONError(offset: 0, reason: "the golden has a value of another kind")
        }
    }
}

extension ConvertedGolden.Value {
    init(_ value: MetadataValue) {
        switch value {
        case .string(let text): self.init(type: ["STRING"], text: text)
        case .bool(let flag): self.init(type: ["BOOL"], text: "\(flag)")
        case .uint32(let number): self.init(type: ["UINT32"], text: "\(number)")
        case .float32(let number): self.init(type: ["FLOAT32"], text: "\(Double(number))")
        case .array(.string(let texts)): self.init("STRING", texts.map(Self.python))
        case .array(.float32(let numbers)): self.init("FLOAT32", numbers.map { "\(Double($0))" })
        case .array(.int32(let numbers)): self.init("INT32", numbers.map { "\($0)" })
        default: self.init(type: [value.typeName], text: "")
        }
    }

    private init(_ element: String, _ elements: [String]) {
        let digest = SHA256Digest(of: "[\(elements.joined(separator: ", "))]".utf8)
        self.init(type: ["ARRAY", element], text: "\(elements.count) elements, \(digest)")
    }

    /// A string as Python's `json.dumps(…, ensure_ascii=False)` spells it.
    private static func python(_ text: String) -> String {
        let short: [Unicode.Scalar: String] = [
            "\"": "\\\"", "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\u{8}": "\\b", "\u{c}": "\\f",
        ]
        let spelled = text.unicodeScalars.map { scalar in
            short[scalar] ?? (scalar.value < 0x20 ? String(format: "\\u%04x", scalar.value) : String(scalar))
        }
        return "\"\(spelled.joined())\""
    }
}
