import BinaryIO
import Settings
import Yams

/// The settings of one kind of step, from a pipeline file or from the options of a command.
package protocol StepSettings: Sendable {
    /// The key that introduces such a step in a pipeline file.
    static var kind: String { get }
    /// Every setting of the kind, in the order of the reference.
    static var settings: [Setting] { get }

    /// Reads the settings; reports every mistake in them.
    init(_ reader: SettingReader, _ references: StepReferences)

    /// The ids of the steps whose products this one takes.
    var needs: [String] { get }
}

extension StepSettings {
    /// - Returns: nil if the node is not a mapping; that is reported, too.
    package init?(_ node: Node, _ references: StepReferences, _ log: DiagnosticLog) {
        let known = Self.settings.map(\.key)
        guard let reader = SettingReader(node, "'\(Self.kind)'", known: known, log) else { return nil }
        self.init(reader, references)
    }
}

/// The steps that settings may refer to: the earlier ones.
package struct StepReferences {
    /// The earlier steps; nil without a pipeline file, when a reference is a path.
    private let earlier: [PipelineDefinition.Step]?
    /// The id of the referring step, as written in the file.
    private let own: String?
    /// The ids of all steps, as written in the file.
    private let all: Set<String>

    package static let none = StepReferences(earlier: nil, own: nil, all: [])

    init(earlier: [PipelineDefinition.Step]?, own: String?, all: Set<String>) {
        (self.earlier, self.own, self.all) = (earlier, own, all)
    }

    /// Whether references name steps.
    package var areSteps: Bool { earlier != nil }

    package subscript(_ id: String) -> (any StepSettings)? { earlier?.first { $0.id == id }?.settings }

    /// The ids of the earlier steps of the same entry: the step itself, and the others of its matrix.
    package func siblings(of id: String) -> [String] {
        guard let group = earlier?.first(where: { $0.id == id })?.group else { return [] }
        return (earlier ?? []).filter { $0.group == group }.map(\.id)
    }

    /// Returns the ids of the earlier steps whose settings satisfy `isWanted`.
    package func ids(where isWanted: (any StepSettings) -> Bool) -> [String] {
        (earlier ?? []).filter { isWanted($0.settings) }.map(\.id)
    }

    /// Reads the id of an earlier step of certain kinds.
    /// - Parameters:
    ///   - kinds: the kinds of steps that may be named.
    ///   - complaint: returns another problem with a step, in words; nil if it may be named.
    package func id(
        _ key: String,
        in reader: SettingReader,
        kinds: [String],
        complaint: (_ id: String, any StepSettings) -> String? = { _, _ in nil }
    ) -> String {
        guard let id = reader.requiredText(key), let place = reader.node(key) else { return "" }
        return check(id, key, place, reader, kinds, complaint)
    }

    /// Reads the ids of several earlier steps of certain kinds; nil if the setting is missing.
    package func ids(_ key: String, in reader: SettingReader, kinds: [String]) -> [String]? {
        reader.texts(key)?.map { check($0.text, key, $0.node, reader, kinds) { _, _ in nil } }
    }

    private func check(
        _ id: String,
        _ key: String,
        _ place: Node,
        _ reader: SettingReader,
        _ kinds: [String],
        _ complaint: (_ id: String, any StepSettings) -> String?
    ) -> String {
        guard earlier != nil else { return id }
        guard let settings = self[id] else {
            reader.report("'\(key)' names \(missing(id, kinds))", at: place)
            return id
        }
        if !kinds.contains(type(of: settings).kind) {
            let wanted = kinds.map { "'\($0)'" }.joined(separator: " or ")
            reader.report("'\(key)' must name a step that does \(wanted); '\(id)' does not.", at: place)
        } else if let complaint = complaint(id, settings) {
            reader.report("'\(key)' \(complaint)", at: place)
        }
        return id
    }

    /// Describes the problem with an id that is not an earlier step's, and what to do.
    private func missing(_ id: String, _ kinds: [String]) -> String {
        if id == own { return "its own step, '\(id)'. Name an earlier step." }
        if all.contains(id) { return "the step '\(id)', which comes later. Move it up." }
        let known = ids { kinds.contains(type(of: $0).kind) }
        let wanted = kinds.map { "a `\($0)` step" }.joined(separator: " or ")
        let advice = known.isEmpty ? "Add \(wanted) before it." : Spelling.advice(for: id, among: known)
        return "the step '\(id)', which does not stand before this one. \(advice)"
    }
}
