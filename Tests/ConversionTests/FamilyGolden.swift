import BinaryIO
import Conversion
import Foundation
import GGUF
import SystemPackage
import TestSupport
import Testing

/// A family's checkpoint without its numbers, and what the reference converter made of it; see
/// scripts/conversion_goldens.py.
struct FamilyGolden {
    struct Tensor: Equatable {
        let name: String
        let type: String
        let dimensions: [Int]
    }

    let json: JSONValue
    let metadata: [(key: String, value: MetadataValue?)]
    let tensors: [Tensor]

    /// The names of all families that have a golden.
    static var names: [String] { get throws { try names(in: "families") } }

    /// - Parameter kind: the folder among the goldens.
    static func names(in kind: String) throws -> [String] {
        let folder = Goldens.packageRoot.appending("Tests/Goldens/\(kind)")
        return try FileManager.default.contentsOfDirectory(atPath: folder.string)
            .filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }.sorted()
    }

    init(_ name: String, in kind: String = "families") throws {
        let path = Goldens.packageRoot.appending("Tests/Goldens/\(kind)/\(name).json")
        json = try JSONValue(parsing: readFile(path, limit: 1 << 20))
        metadata = try #require(json["metadata"]?.array).map { entry in
            let entry = try #require(entry.array)
            let types = try #require(entry[1].array).compactMap(\.string)
            return (try #require(entry[0].string), Self.value(types, entry[2]))
        }
        tensors = try #require(json["tensors"]?.array).map { entry in
            let entry = try #require(entry.array)
            return Tensor(
                name: try #require(entry[0].string),
                type: try #require(entry[1].string),
                dimensions: try #require(entry[2].array).compactMap(\.integer)
            )
        }
    }

    private static func value(_ types: [String], _ json: JSONValue) -> MetadataValue? {
        switch types {
        case ["STRING"]: json.string.map(MetadataValue.string)
        case ["BOOL"]: json.bool.map(MetadataValue.bool)
        case ["UINT32"]: json.integer.map { .uint32(UInt32($0)) }
        case ["FLOAT32"]: json.double.map { .float32(Float($0)) }
        case ["ARRAY", "INT32"]: json.array.map { .array(.int32($0.compactMap(\.integer).map(Int32.init))) }
        case ["ARRAY", "STRING"]: json.array.map { .array(.string($0.compactMap(\.string))) }
        case ["ARRAY", "FLOAT32"]: json.array.map { .array(.float32($0.compactMap(\.double).map { Float($0) })) }
        case ["ARRAY", "BOOL"]: json.array.map { .array(.bool($0.compactMap(\.bool))) }
        default: nil
        }
    }

    /// The checkpoint with random numbers.
    func checkpointWithoutVocabulary() throws -> SmallCheckpoint {
        var checkpoint = SmallCheckpoint()
        for (key, value) in try #require(json["config"]?.object).members { checkpoint.config[key] = value.text }
        for entry in try #require(json["checkpoint"]?.array) {
            let entry = try #require(entry.array)
            let shape = try #require(entry[2].array).compactMap(\.integer)
            checkpoint.add(try #require(entry[0].string), shape, dtype: try #require(entry[1].string))
        }
        for (name, text) in json["files"]?.object?.members ?? [] { checkpoint.files[name] = Array((text.string ?? "").utf8) }
        return checkpoint
    }

    /// The checkpoint with random numbers, and a vocabulary that splits text as the golden's does.
    func checkpoint() throws -> SmallCheckpoint {
        var checkpoint = try checkpointWithoutVocabulary()
        let files = json["files"]?.object?.members ?? []
        let tiny = Goldens.packageRoot.appending("models/tiny-phi3")
        if json["has_tokenizer_model"]?.bool == true {
            for name in ["tokenizer.model", "tokenizer_config.json"] {
                checkpoint.files[name] = try readFile(tiny.appending(name), limit: 1 << 20)
            }
            return checkpoint
        }
        let isOfPairs = metadata.contains { $0.value == .string("gemma4") && $0.key == "tokenizer.ggml.model" }
        let pieces = json["pre_tokenizer"]?.isNull != false || isOfPairs
        let options = pieces ? #""byte_fallback":true,"# : ""
        // A reranker looks up two words.
        let judges = files.contains { $0.key == "README.md" }
        // In GLM-4 tokens have a role by their text.
        let plays = checkpoint.config["architectures"]?.contains("Glm4") == true
        let words = judges ? #""yes":3,"no":4,"# : plays ? #""<|endoftext|>":3,"<|user|>":4,"# : ""
        // Rows beyond the tokens would be cut off.
        let rows = tensors.first { $0.name == "token_embd.weight" }?.dimensions.last ?? 0
        let others = isOfPairs ? (3..<rows).map { #""t\#($0)":\#($0),"# }.joined() : ""
        let tokenizer = #"""
            {"model":{"type":"BPE",\#(options)"vocab":{\#(others)\#(words)"a":0,"b":1,"ab":2},"merges":["a b"]},
             "pre_tokenizer":\#(json["pre_tokenizer"]?.text ?? "null"),"decoder":{"type":"Sequence"}}
            """#
        checkpoint.files["tokenizer.json"] = Array(tokenizer.utf8)
        let kind = json["tokenizer_class"]?.text ?? "null"
        let prefix = pieces ? #","add_prefix_space":true"# : ""
        checkpoint.files["tokenizer_config.json"] = Array(#"{"tokenizer_class":\#(kind)\#(prefix)}"#.utf8)
        return checkpoint
    }
}

extension JSONValue {
    /// The value as JSON text; strings must not need more than quotes and backslashes escaped.
    var text: String {
        switch self {
        case .null: "null"
        case .bool(let flag): "\(flag)"
        case .number(let number): number
        case .string(let text): "\"\(text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\""
        case .array(let elements): "[\(elements.map(\.text).joined(separator: ","))]"
        case .object(let object): "{\(object.members.map { "\"\($0.key)\":\($0.value.text)" }.joined(separator: ","))}"
        }
    }
}
