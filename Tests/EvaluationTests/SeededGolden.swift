import BinaryIO
import Foundation
import GGUF
import SystemPackage
import TestSupport
import Testing

/// A model of which every number follows from a seed, and what llama.cpp measured on it; see
/// scripts/perplexity_goldens.py.
struct SeededGolden {
    let model: SyntheticModel
    let context: Int
    /// Perplexity after each chunk.
    let running: [Double]
    let prompt: String
    /// 64 tokens, the most likely each time; nil where that hangs on roundings.
    let greedy: String?

    static let folder = Goldens.packageRoot.appending("Tests/Goldens/perplexity")

    static var names: [String] {
        get throws {
            try FileManager.default.contentsOfDirectory(atPath: folder.string)
                .filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }.sorted()
        }
    }

    init(_ name: String, vocabulary: Metadata) throws {
        let json = try JSONValue(parsing: readFile(Self.folder.appending("\(name).json"), limit: 1 << 20))
        context = try #require(json["context"]?.integer)
        running = try #require(json["running"]?.array).compactMap(\.double)
        prompt = try #require(json["prompt"]?.string)
        greedy = json["greedy"]?.string
        model = try Self.model(json, vocabulary: vocabulary)
    }

    /// The model that a golden describes.
    static func model(_ json: JSONValue, vocabulary: Metadata) throws -> SyntheticModel {
        var hyperparameters = Metadata()
        for (key, entry) in try #require(json["metadata"]?.object).members {
            let pair = try #require(entry.array)
            hyperparameters.set(key, try #require(Self.value(pair[0].string, pair[1]), "\(key)"))
        }
        let seed = UInt64(try #require(json["seed"]?.integer))
        var model = SyntheticModel(hyperparameters: hyperparameters, vocabulary: vocabulary, seed: seed)
        for entry in try #require(json["tensors"]?.array) {
            let parts = try #require(entry.array)
            let shape = try #require(parts[1].array).compactMap(\.integer)
            let (center, spread) = (try #require(parts[2].double), try #require(parts[3].double))
            model.add(try #require(parts[0].string), shape, spread: Float(spread), center: Float(center))
        }
        return model
    }

    private static func value(_ kind: String?, _ json: JSONValue) -> MetadataValue? {
        switch kind {
        case "ARRAY STRING": json.array.map { .array(.string($0.compactMap(\.string))) }
        case "STRING": json.string.map(MetadataValue.string)
        case "BOOL": json.bool.map(MetadataValue.bool)
        case "UINT32": json.integer.map { .uint32(UInt32($0)) }
        case "FLOAT32": json.double.map { .float32(Float($0)) }
        case "ARRAY BOOL": json.array.map { .array(.bool($0.compactMap(\.bool))) }
        case "ARRAY INT32": json.array.map { .array(.int32($0.compactMap(\.integer).map(Int32.init))) }
        case "ARRAY FLOAT32": json.array.map { .array(.float32($0.compactMap(\.double).map { Float($0) })) }
        default: nil
        }
    }
}
