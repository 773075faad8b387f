import BinaryIO
import Settings
import Yams

/// The settings of one kind of step, whoever gives them: a pipeline file, or the options of a command.
package protocol StepSettings: Sendable {
    /// The key that introduces such a step in a pipeline file.
    static var kind: String { get }
    /// Every setting there is, in the order of the reference.
    static var settings: [Setting] { get }

    /// Reads the settings; reports everything that is wrong with them.
    init(_ reader: SettingReader, _ references: StepReferences)

    /// The ids of the steps whose products this one takes.
    var needs: [String] { get }
}

extension StepSettings {
    /// - Returns: nil where the node is no mapping; that is reported too.
    package init?(_ node: Node, _ references: StepReferences, _ log: DiagnosticLog) {
        let known = Self.settings.map(\.key)
        guard let reader = SettingReader(node, "'\(Self.kind)'", known: known, log) else { return nil }
        self.init(reader, references)
    }
}

/// The steps that settings may refer to: those that stand before.
package struct StepReferences {
    /// nil where no pipeline file is read, and a reference is a path.
    private let earlier: [PipelineDefinition.Step]?
    /// The id of the step that refers, as the file writes it.
    private let own: String?
    /// The ids of all steps of the file, as it writes them.
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

    /// The ids of the earlier steps with settings that `isWanted` takes.
    package func ids(where isWanted: (any StepSettings) -> Bool) -> [String] {
        (earlier ?? []).filter { isWanted($0.settings) }.map(\.id)
    }

    /// The id of an earlier step of one of some kinds.
    /// - Parameters:
    ///   - kinds: of the steps that may be named.
    ///   - complaint: what else is wrong with a step, in words; nil where it may be named.
    package func id(
        _ key: String,
        in reader: SettingReader,
        kinds: [String],
        complaint: (_ id: String, any StepSettings) -> String? = { _, _ in nil }
    ) -> String {
        guard let id = reader.requiredText(key), let place = reader.node(key) else { return "" }
        return check(id, key, place, reader, kinds, complaint)
    }

    /// The ids of several earlier steps of some kinds; nil where nothing is said.
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

    /// What is wrong with an id of no earlier step, and what to do.
    private func missing(_ id: String, _ kinds: [String]) -> String {
        if id == own { return "its own step, '\(id)'. Name an earlier step." }
        if all.contains(id) { return "the step '\(id)', which comes later. Move it up." }
        let known = ids { kinds.contains(type(of: $0).kind) }
        let wanted = kinds.map { "a `\($0)` step" }.joined(separator: " or ")
        let advice = known.isEmpty ? "Add \(wanted) before it." : Spelling.advice(for: id, among: known)
        return "the step '\(id)', which does not stand before this one. \(advice)"
    }
}
