import BinaryIO
import Foundation
import GGUF
import SystemPackage

/// A model of the goldens by its metadata and tensors, with numbers of its own.
public struct GoldenModel: CustomStringConvertible, Sendable {
    /// What a converter made of a family's checkpoint, and what llama.cpp was measured on.
    public enum Kind: String, CaseIterable, Sendable {
        case families, perplexity
    }

    public let kind: Kind
    public let name: String

    public init(kind: Kind, name: String) { (self.kind, self.name) = (kind, name) }

    public var description: String { "\(kind.rawValue)/\(name)" }

    /// Converted models that are not run: they look both ways, or rank instead of writing.
    public var isRun: Bool { !["qwen2-both-ways", "qwen3-reranker", "qwen3-untied-reranker"].contains(name) }

    public static var all: [GoldenModel] {
        get throws {
            try Kind.allCases.flatMap { kind in
                try FileManager.default.contentsOfDirectory(atPath: folder(kind).string)
                    .filter { $0.hasSuffix(".json") }.map { GoldenModel(kind: kind, name: String($0.dropLast(5))) }
                    .sorted { $0.name < $1.name }
            }
        }
    }

    private static func folder(_ kind: Kind) -> FilePath { Goldens.packageRoot.appending("Tests/Goldens/\(kind)") }

    /// Writes the model with a vocabulary of as many tokens as its embedding has rows.
    public func write(to path: FilePath) throws {
        let json = try JSONValue(parsing: readFile(Self.folder(kind).appending("\(name).json"), limit: 1 << 20))
        var tensors: [(name: String, shape: [Int])] = []
        for entry in try Self.required(json["tensors"]?.array) {
            let parts = try Self.required(entry.array)
            let shape = try Self.required(parts[kind == .families ? 2 : 1].array).compactMap(\.integer)
            tensors.append((try Self.required(parts[0].string), shape))
        }
        let embedding = try Self.required(tensors.first { $0.name == "token_embd.weight" })
        var model = SyntheticModel(
            hyperparameters: try metadata(json),
            vocabulary: Self.vocabulary(count: embedding.shape[1]),
            seed: 1
        )
        for tensor in tensors { model.add(tensor.name, tensor.shape, spread: 0.1, center: 1) }
        try model.write(to: path)
    }

    private static func vocabulary(count: Int) -> Metadata {
        var vocabulary = Metadata()
        vocabulary.set("tokenizer.ggml.model", .string("gpt2"))
        vocabulary.set("tokenizer.ggml.pre", .string("gpt-2"))
        vocabulary.set("tokenizer.ggml.tokens", .array(.string((0..<count).map { "t\($0)" })))
        vocabulary.set("tokenizer.ggml.merges", .array(.string([])))
        return vocabulary
    }

    /// All but the vocabulary.
    private func metadata(_ json: JSONValue) throws -> Metadata {
        var metadata = Metadata()
        func set(_ key: String, _ type: String, _ value: JSONValue) throws {
            if key.hasPrefix("tokenizer.") { return }
            metadata.set(key, try Self.required(Self.value(type, value), key))
        }
        switch kind {
        case .families:
            for entry in try Self.required(json["metadata"]?.array) {
                let parts = try Self.required(entry.array)
                let types = try Self.required(parts[1].array).compactMap(\.string)
                try set(try Self.required(parts[0].string), types.joined(separator: " "), parts[2])
            }
        case .perplexity:
            for (key, entry) in try Self.required(json["metadata"]?.object).members {
                let parts = try Self.required(entry.array)
                try set(key, try Self.required(parts[0].string), parts[1])
            }
        }
        return metadata
    }

    private static func value(_ type: String, _ json: JSONValue) -> MetadataValue? {
        switch type {
        case "STRING": json.string.map(MetadataValue.string)
        case "BOOL": json.bool.map(MetadataValue.bool)
        case "UINT32": json.integer.map { .uint32(UInt32($0)) }
        case "FLOAT32": json.double.map { .float32(Float($0)) }
        case "ARRAY BOOL": json.array.map { .array(.bool($0.compactMap(\.bool))) }
        case "ARRAY INT32": json.array.map { .array(.int32($0.compactMap(\.integer).map(Int32.init))) }
        case "ARRAY FLOAT32": json.array.map { .array(.float32($0.compactMap(\.double).map { Float($0) })) }
        case "ARRAY STRING": json.array.map { .array(.string($0.compactMap(\.string))) }
        default: nil
        }
    }

    /// A golden without what every golden has.
    private struct Incomplete: Error {
        let what: String
    }

    private static func required<Value>(_ value: Value?, _ what: String = "a part of the golden") throws -> Value {
        guard let value else { throw Incomplete(what: what) }
        return value
    }
}
