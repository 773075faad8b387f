import BinaryIO
import Foundation
import GGUF
import SystemPackage

/// The `general.*` keys: what the model is called and how it likes to be sampled.
package enum GeneralMetadata {
    static func write(_ folder: HuggingFaceFolder, _ count: ParameterCount, to metadata: inout Metadata) throws {
        metadata.set("general.type", .string("model"))
        try writeSampling(folder.json("generation_config.json"), to: &metadata)
        let namings = namings(folder, count.total)
        func set(_ key: String, _ value: String?) {
            if let value { metadata.set("general.\(key)", .string(value)) }
        }
        // The reference writes the Hub's name as it stands.
        set("name", folder.repository ?? namings.first.map { ModelNaming.title($0.fullName) })
        set("version", namings.lazy.compactMap(\.version).first)
        set("organization", namings.lazy.compactMap(\.organization).first.map(ModelNaming.title))
        set("finetune", namings.lazy.compactMap(\.finetune).first)
        set("basename", namings.lazy.compactMap(\.basename).first)
        set("size_label", namings.lazy.compactMap(\.sizeLabel).first ?? count.label)
    }

    /// The names that the model goes by, the one that config.json gives before the folder's.
    private static func namings(_ folder: HuggingFaceFolder, _ parameterCount: Int) -> [ModelNaming] {
        var identifiers: [String] = []
        // More than one slash means a path on somebody's machine.
        if let name = folder.config.json["_name_or_path"]?.string, name.count(where: { $0 == "/" }) <= 1 {
            identifiers.append(name)
        }
        if let name = folder.name { identifiers.append(name) }
        return identifiers.map { ModelNaming($0, parameterCount: parameterCount) }
    }

    private static func writeSampling(_ settings: JSONValue?, to metadata: inout Metadata) throws {
        func write(_ key: String, from names: [String], _ convert: (JSONValue) -> MetadataValue?) throws {
            guard let name = names.first(where: { settings?[$0]?.isNull == false }), let value = settings?[name] else {
                return
            }
            guard let converted = convert(value) else {
                throw ConversionProblem.invalidValue(file: "generation_config.json", key: name, expected: "a number")
            }
            metadata.set("general.sampling.\(key)", converted)
        }
        func whole(_ value: JSONValue) -> MetadataValue? {
            value.integer.flatMap(Int32.init(exactly:)).map(MetadataValue.int32)
        }
        func number(_ value: JSONValue) -> MetadataValue? { value.double.map { .float32(Float($0)) } }
        try write("sequence", from: ["sequence"]) { $0.string.map(MetadataValue.string) }
        try write("top_k", from: ["top_k"], whole)
        try write("top_p", from: ["top_p"], number)
        try write("min_p", from: ["min_p"], number)
        try write("xtc_probability", from: ["xtc_probability"], number)
        try write("xtc_threshold", from: ["xtc_threshold"], number)
        try write("temp", from: ["temperature"], number)
        try write("penalty_last_n", from: ["penalty_last_n"], whole)
        try write("penalty_repeat", from: ["penalty_repeat", "repetition_penalty"], number)
        try write("mirostat", from: ["mirostat"], whole)
        try write("mirostat_tau", from: ["mirostat_tau"], number)
        try write("mirostat_eta", from: ["mirostat_eta"], number)
    }

    /// The count of weights as people say it: `5.0M`, `3.8B`; at least two digits.
    package static func sizeLabel(_ count: Int) -> String {
        let (scale, suffix): (Double, String) =
            switch count {
            case let count where Double(count) > 1e12: (1e-12, "T")
            case let count where Double(count) > 1e9: (1e-9, "B")
            case let count where Double(count) > 1e6: (1e-6, "M")
            default: (1e-3, "K")
            }
        let scaled = Double(count) * scale
        let rounded = Int(scaled.rounded(.toNearestOrEven))
        let digits = rounded == 0 ? 0 : String(rounded).count
        return String(format: "%.\(max(2 - digits, 0))f", scaled) + suffix
    }
}
