import BinaryIO
import DeviceFit
import Pipeline
import Settings
import Yams

/// Settings for estimating memory, speed, heat and battery on phones.
public struct FitSettings: StepKind {
    /// The step whose builds are estimated. A command estimates one model instead.
    public var builds: String
    /// The context in tokens; nil for the default.
    public var context: Int?
    /// The element type of the key-value cache.
    public var kvType = "f16"
    /// The ids of devices; empty for the whole catalogue.
    public var devices: [String] = []
    /// The gates by build type, such as "q4_k_m".
    public var gates: [String: FitGate] = [:]
    /// The step whose projector is loaded with each build.
    public var projector: String?

    package static let kind = "fit"
    package static let settings = [
        .builds("the step whose builds are estimated"),
        Setting(
            "context",
            "tokens of context; no more than the model was trained for",
            standard: "4096",
            takes: .integer(contexts),
            help: "Tokens of context."
        ),
        Setting("kv-type", "element type of the key-value cache", standard: "f16", takes: .choice(cacheTypes)),
        Setting(
            "devices",
            "ids of `edgepipe devices`",
            standard: "all",
            takes: .list(.text),
            help: "A device of `edgepipe devices`; all where none is given."
        ),
        Setting(
            "gates",
            "by build type, what a build must reach on every device, see below",
            standard: "none",
            .files,
            takes: .each(FitGate.kind)
        ),
        Setting(
            "projector",
            "a `projector` step whose file counts as memory, too",
            standard: "none",
            .files,
            takes: .step([ProjectorSettings.kind])
        ),
    ]

    private static let contexts = 1...(1 << 24)
    private static let cacheTypes = ["f32", "f16", "bf16", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0"]

    package init(_ reader: SettingReader, _ references: StepReferences) {
        builds = references.areSteps ? references.builds("builds", in: reader) : ""
        context = reader.integer("context", in: Self.contexts)
        if let type = reader.text("kv-type"), let place = reader.node("kv-type") {
            if !Self.cacheTypes.contains(type.lowercased()) {
                let advice = Spelling.advice(for: type, among: Self.cacheTypes)
                reader.report("'\(type)' is not a valid KV cache type. \(advice)", at: place)
            }
            kvType = type.lowercased()
        }
        projector = references.projector(in: reader, standard: nil)
        if let node = reader.node("gates") {
            gates = FitGate.gates(node, reader, of: builds, types: references.gateTypes(of: builds))
        }
        let named = reader.texts("devices") ?? []
        devices = named.map(\.text)
        if references.areSteps, !named.isEmpty, let catalogue = try? DeviceCatalogue.configured() {
            for (id, place) in named {
                do { _ = try catalogue.device(id) } catch { reader.report("\(error)", at: place) }
            }
        }
    }

    package var needs: [String] { [builds] + (projector.map { [$0] } ?? []) }

    func step(_ id: String, on bench: Workbench) throws -> any Step {
        let maker = bench.builds(builds)
        let channels = Set(gates.values.compactMap(\.over))
        return FitStep(
            id: id,
            settings: self,
            made: maker.builds,
            memory: maker.memory,
            projector: projector.map(bench.projector),
            ownDevices: try DeviceCatalogue.ownDevices().map { try bench.file($0) },
            references: try channels.map(bench.reference)
        )
    }

    /// Returns the gate of a build type. A model that was converted to its own precision uses the gate `auto`, because
    /// its type is not known in advance.
    func gate(for type: String) -> FitGate? { gates[type] ?? gates["auto"] }
}
