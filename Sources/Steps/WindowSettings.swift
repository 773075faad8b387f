import Conversion
import Pipeline
import Quantization
import Settings

/// The settings shared by all measurements on a text.
extension Setting {
    static let context = Setting(
        "context",
        "tokens of a window",
        standard: "512",
        takes: .integer(contexts),
        help: "Tokens of a window; 512 by default."
    )
    static let chunks = Setting("chunks", "at most this many windows", standard: "all", takes: .integer(chunkCounts))

    fileprivate static let contexts = 4...(1 << 20)
    static let chunkCounts = 1...(1 << 30)

    /// A setting for a `convert` step whose file is read.
    static func model(_ meaning: String) -> Setting {
        Setting("model", meaning, .files, takes: .step([ConvertSettings.kind]), isRequired: true)
    }

    /// A setting for the step whose builds are measured, estimated or published.
    static func builds(_ meaning: String) -> Setting {
        let kinds = [ConvertSettings.kind, QuantizeSettings.kind]
        return Setting("builds", meaning, .files, takes: .step(kinds), isRequired: true)
    }
}

extension SettingReader {
    /// The number of tokens per window.
    var context: Int? { integer("context", in: Setting.contexts) }

    /// The largest number of windows.
    var chunks: Int? { integer("chunks", in: Setting.chunkCounts) }
}

extension StepReferences {
    /// Reads the id of a `convert` step that keeps its file.
    func file(_ key: String, in reader: SettingReader) -> String {
        id(key, in: reader, kinds: [ConvertSettings.kind], complaint: Self.withoutFile)
    }

    /// Reads the id of a step whose builds are measured, estimated or published.
    func builds(_ key: String, in reader: SettingReader) -> String {
        id(key, in: reader, kinds: [ConvertSettings.kind, QuantizeSettings.kind], complaint: Self.withoutFile)
    }

    private static func withoutFile(_ id: String, _ settings: any StepSettings) -> String? {
        guard let convert = settings as? ConvertSettings, !convert.keepsFile else { return nil }
        return "needs the file of '\(id)', which is not kept. Leave out its 'keep: false'."
    }

    /// Returns the types that gates may name: those of the judged builds, and those made by other steps of the same
    /// matrix.
    func gateTypes(of id: String) -> [String] {
        var known: Set<String> = []
        return siblings(of: id).flatMap(buildTypes).filter { known.insert($0).inserted }
    }

    /// Returns the types of the builds that a step makes; `auto` for a precision that is known only when the model is
    /// read.
    func buildTypes(of id: String) -> [String] {
        switch self[id] {
        case let convert as ConvertSettings: [convert.type?.rawValue ?? "auto"]
        case let quantize as QuantizeSettings: quantize.types.map(\.tag)
        default: []
        }
    }
}
