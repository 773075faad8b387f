import BinaryIO
import Conversion
import Pipeline
import Settings
import Yams

/// Settings for a model's vision and audio projector.
public struct ProjectorSettings: StepKind {
    /// The type of the weight matrices; nil keeps those of a `file`.
    public var type: ConvertedType?
    /// The path, as written, of an existing projector; nil for the checkpoint's own.
    public var file: String?

    package static let kind = "projector"
    package static let settings = [
        Setting(
            "type",
            "f32, f16, bf16 or q8_0",
            standard: "f16, or the file's own",
            .files,
            takes: .choice(types)
        ),
        Setting(
            "file",
            "a projector (mmproj) that is there already",
            standard: "the checkpoint's own",
            .files,
            takes: .path
        ),
    ]

    private static var types: [String] { ConvertedType.allCases.map(\.rawValue) }

    package init(_ reader: SettingReader, _ references: StepReferences) {
        file = reader.text("file")
        if let name = reader.text("type"), let place = reader.node("type") {
            type = ConvertedType(rawValue: name.lowercased())
            if type == nil {
                let advice = Spelling.advice(for: name, among: Self.types)
                reader.report("'\(name)' is not a known type to convert to. \(advice)", at: place)
            }
        } else if file == nil {
            type = .f16
        }
    }

    package var needs: [String] { [] }

    func step(_ id: String, on bench: Workbench) throws -> any Step { try ProjectorStep(id, self, on: bench) }
}

extension StepReferences {
    /// Returns the id of an earlier step that makes a projector.
    /// - Parameter standard: the default; nil for none.
    func projector(in reader: SettingReader, standard: String?) -> String? {
        guard reader.node("projector") != nil else { return standard }
        return id("projector", in: reader, kinds: [ProjectorSettings.kind])
    }
}
