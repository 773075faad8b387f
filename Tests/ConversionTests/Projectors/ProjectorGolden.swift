import BinaryIO
import Conversion
import Foundation
import GGUF
import SystemPackage
import TestSupport
import Testing

/// A model that sees, without its numbers, and what the reference makes of its projector; see
/// scripts/compare-projectors.py.
struct ProjectorGolden {
    private let golden: FamilyGolden

    var metadata: [(key: String, value: MetadataValue?)] { golden.metadata }
    var tensors: [FamilyGolden.Tensor] { golden.tensors }

    static var names: [String] { get throws { try FamilyGolden.names(in: "projectors") } }

    init(_ name: String) throws { golden = try FamilyGolden(name, in: "projectors") }

    /// The checkpoint with random numbers.
    func checkpoint() throws -> SmallCheckpoint { try golden.checkpointWithoutVocabulary() }
}

/// Converts a projector in a folder of its own.
struct ProjectorConversions {
    let conversions: Conversions

    init() throws { conversions = try Conversions() }

    func convert(_ checkpoint: SmallCheckpoint, _ type: ConvertedType? = .f16, threads: Int = 2) throws -> GGUFFile {
        let path = try checkpoint.write(into: conversions.folder)
        let plan = try ConversionPlan(projectorOf: HuggingFaceFolder(path: path), type: type)
        try Converter(plan).run(to: conversions.output, threads: threads)
        return try GGUFFile(path: conversions.output)
    }

    /// What the conversion, which must fail, says; nothing may be left of it.
    func problem(_ checkpoint: SmallCheckpoint, _ type: ConvertedType? = .f16) throws -> ConversionProblem? {
        let error = #expect(throws: ConversionError.self) { _ = try convert(checkpoint, type) }
        #expect(try conversions.folder.names == ["model"])
        return error?.problem
    }
}

extension SmallCheckpoint {
    /// Changes settings of a part of config.json, such as `vision_config`; nil removes one.
    mutating func set(_ settings: [String: String?], in part: String? = nil) throws {
        guard let part else {
            for (key, value) in settings { config[key] = value }
            return
        }
        let json = try JSONValue(parsing: Array(try #require(config[part]).utf8))
        var members = try #require(json.object).members.map { ($0.key, $0.value.text) }
        members.removeAll { member in settings.keys.contains(member.0) }
        members += settings.compactMap { key, value in value.map { (key, $0) } }
        config[part] = "{\(members.map { "\"\($0)\":\($1)" }.joined(separator: ","))}"
    }

    /// Gives a tensor another shape, and new numbers.
    mutating func reshape(_ name: String, _ change: (inout [Int]) -> Void) throws {
        let index = try #require(tensors.firstIndex { $0.name == name }, "\(name)")
        let tensor = tensors.remove(at: index)
        var shape = tensor.shape
        change(&shape)
        add(name, shape, dtype: tensor.dtype)
    }
}
