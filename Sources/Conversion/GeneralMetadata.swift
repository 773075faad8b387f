import BinaryIO
import Foundation
import GGUF
import SystemPackage

/// The `general.*` keys: the model's name, its origin and its sampling defaults.
package enum GeneralMetadata {
    /// - Parameter kind: the kind of file: `model`, or `mmproj` for a projector.
    static func write(
        _ folder: HuggingFaceFolder,
        _ count: ParameterCount,
        kind: String = "model",
        to metadata: inout Metadata
    ) throws {
        metadata.set("general.type", .string(kind))
        try writeSampling(folder.json("generation_config.json"), to: &metadata)
        let card = try card(of: folder.bytes(cardFile))
        let namings = namings(folder, count.total)
        describe(card, namings, count.total, name: folder.repository, sizeLabel: count.label, to: &metadata)
    }

    private static let cardFile = "README.md"

    private static func card(of bytes: [UInt8]?) -> ModelCard? {
        bytes.flatMap { ModelCard(String(decoding: $0, as: UTF8.self)) }
    }

    /// Writes an adapter's card and its name.
    /// - Parameter weightCount: the number of updated weights; the adapter may leave some out.
    static func describe(_ adapter: LowRankAdapter, _ weightCount: Int, to metadata: inout Metadata) throws {
        describe(
            try card(of: HuggingFaceFolder.bytes(cardFile, in: adapter.folder, limit: 1 << 24)),
            [ModelNaming(adapter.name, parameterCount: -weightCount)],
            -weightCount,
            sizeLabel: nil,
            to: &metadata
        )
    }

    /// - Parameters:
    ///   - namings: the model's names, most informative first.
    ///   - parameterCount: negative if only a part of the model can be counted.
    ///   - name: takes precedence over the card. The reference writes the Hub's name unchanged.
    ///   - sizeLabel: the label to use if neither card nor name gives a size.
    package static func describe(
        _ card: ModelCard?,
        _ namings: [ModelNaming],
        _ parameterCount: Int,
        name: String? = nil,
        sizeLabel: String?,
        to metadata: inout Metadata
    ) {
        writeIdentity(card, namings, name: name, sizeLabel: sizeLabel, to: &metadata)
        guard let card else { return }
        writeOrigin(card, to: &metadata)
        let parents = card.works("base_model", "base_models", "base_model_sources", parameterCount: parameterCount)
        let datasets = card.works("datasets", "dataset", "dataset_sources", parameterCount: parameterCount)
        write(parents, as: "base_model", to: &metadata)
        write(datasets, as: "dataset", to: &metadata)
        set("tags", card.texts("tags", "pipeline_tag"), in: &metadata)
        set("languages", card.texts("languages", "language"), in: &metadata)
    }

    /// Writes the model's name and its parts: from its card, otherwise from its names.
    private static func writeIdentity(
        _ card: ModelCard?,
        _ namings: [ModelNaming],
        name: String?,
        sizeLabel: String?,
        to metadata: inout Metadata
    ) {
        func set(_ key: String, _ stated: String?, _ derived: (ModelNaming) -> String? = { _ in nil }) {
            Self.set(key, stated ?? namings.lazy.compactMap(derived).first, in: &metadata)
        }
        set("name", name ?? card?.text("name", "model_name")) { ModelNaming.title($0.fullName) }
        set("author", card?.text("author", "model_author", "model_creator"))
        set("version", card?.text("version", "model_version")) { $0.version }
        set("organization", card?.text("organization", "model_organization")) { $0.organization.map(ModelNaming.title) }
        set("finetune", card?.text("finetune", "model_finetune")) { $0.finetune }
        set("basename", card?.text("basename", "model_basename", "model_type")) { $0.basename }
        set("description", card?.text("description", "model_description"))
        let size = card?.text("size_label", "model_size_label") ?? namings.lazy.compactMap(\.sizeLabel).first
        set("size_label", size ?? sizeLabel)
    }

    /// Writes the licence and the origin.
    private static func writeOrigin(_ card: ModelCard, to metadata: inout Metadata) {
        set("license", card.texts("license")?.joined(separator: ","), in: &metadata)
        set("license.name", card.text("license_name"), in: &metadata)
        set("license.link", card.text("license_link"), in: &metadata)
        set("source.url", card.text("url", "model_url"), in: &metadata)
        set("source.doi", card.text("doi", "model_doi"), in: &metadata)
        set("source.uuid", card.text("uuid", "model_uuid"), in: &metadata)
        set("source.repo_url", card.text("repo_url", "model_repo_url"), in: &metadata)
    }

    /// Sets a key; an empty text is left out.
    private static func set(_ key: String, _ value: String?, in metadata: inout Metadata) {
        if let value, !value.isEmpty { metadata.set("general.\(key)", .string(value)) }
    }

    private static func set(_ key: String, _ values: [String]?, in metadata: inout Metadata) {
        if let values, !values.isEmpty { metadata.set("general.\(key)", .array(.string(values))) }
    }

    private static func write(_ works: [[String: String]]?, as kind: String, to metadata: inout Metadata) {
        guard let works else { return }
        metadata.set("general.\(kind).count", .uint32(UInt32(clamping: works.count)))
        let keys = ["name", "author", "version", "organization", "description", "url", "doi", "uuid", "repo_url"]
        for (index, work) in works.enumerated() {
            for key in keys { set("\(kind).\(index).\(key)", work[key], in: &metadata) }
        }
    }

    /// The model's names; the one in config.json comes before the folder's.
    private static func namings(_ folder: HuggingFaceFolder, _ parameterCount: Int) -> [ModelNaming] {
        var identifiers: [String] = []
        // More than one slash means a local path.
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
        func number(_ value: JSONValue) -> MetadataValue? {
            value.double.flatMap { $0.isFinite ? .float32(Float($0)) : nil }
        }
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

    /// The number of weights in the usual notation: `5.0M`, `3.8B`; at least two digits.
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
