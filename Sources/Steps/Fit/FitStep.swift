import BinaryIO
import DeviceFit
import GGUF
import Pipeline
import SystemPackage

/// Estimates memory, speed, heat and battery of each build on phones, from its header only. There is one node per
/// build.
struct FitStep: Step {
    /// Increased whenever the same builds would be judged differently: with new formulas, or a new table of devices.
    static let version = 2
    /// The default context, in tokens.
    static let standardContext = 4096

    let id: String
    let settings: FitSettings
    let made: [PlannedBuild]
    let memory: StepMemory
    /// The step that makes the projector loaded with each build.
    let projector: ProjectorStep?
    /// The user's file of additional devices.
    let ownDevices: StepKey.Input?
    /// The published versions that gates compare with.
    let references: [ChannelReference]

    let kind = FitSettings.kind
    var needs: [String] { settings.needs }
    var nodes: [StepNode] { made.map(node) }

    private var context: Int { settings.context ?? Self.standardContext }

    private func node(_ build: PlannedBuild) -> StepNode {
        var inputs = ["build": build.node.asInput]
        if let ownDevices { inputs["devices"] = ownDevices }
        if let projector { inputs["projector"] = projector.node.asInput }
        let key = StepKey(
            kind: kind,
            version: Self.version,
            settings: [
                "type": build.type, "context": "\(context)", "kvType": settings.kvType,
                "devices": settings.devices.isEmpty ? "all" : settings.devices.joined(separator: ","),
            ],
            inputs: inputs
        )
        return StepNode(StepNode.Name(step: id, build: build.type), key)
    }

    func forecast(_ nodes: [StepNode], threads: Int) -> Forecast {
        var forecast = Forecast(
            outputs: nodes.compactMap(\.name.build).map { Forecast.Output(name: $0, bytes: nil) },
            peakMemoryBytes: memory.looking
        )
        forecast.secondsHigh = 1
        return forecast
    }

    func run(_ nodes: [StepNode], _ context: StepContext) throws -> [StepProduct] {
        let catalogue = try DeviceCatalogue.configured()
        let devices = try devices(of: catalogue)
        let estimator = FitEstimator(catalogue: catalogue)
        let projector = try projector.map { try context.build($0.node) }
        let builds = try made.of(nodes).map { try context.build($0.node) }
        return try builds.enumerated().map { index, build in
            try context.progress(build.type, index + 1, builds.count)
            let profile = try ModelProfile(
                loadable: try GGUFFile(path: build.path),
                quantType: build.type.uppercased()
            )
            // The context never exceeds that of the model's training.
            var request = FitRequest(
                context: min(self.context, profile.contextLength),
                kvType: settings.kvType
            )
            request.projectorBytes = try projector.map { projector in
                try ProjectorProfile(GGUFFile(path: projector.path), beside: profile, of: build.path).memoryBytes
            }
            let fitted = FittedBuild(
                type: build.type,
                digest: build.digest,
                fileBytes: FileStatus(build.path)?.byteCount,
                estimates: try devices.map { try estimator.estimate(profile, on: $0, request) }
            )
            return try StepProduct(facts: fitted, outputs: [build.type])
        }
    }

    private func devices(of catalogue: DeviceCatalogue) throws -> [Device] {
        settings.devices.isEmpty ? catalogue.devices : try settings.devices.map { try catalogue.device($0) }
    }

    func problems(with product: StepProduct) throws -> [String] {
        let build: FittedBuild = try product.facts()
        guard let gate = settings.gate(for: build.type) else { return [] }
        return build.failures(of: gate, over: try reference(of: build, gate)).map { "\(build.type): \($0)" }
    }

    /// Returns the estimates of the published version that a gate compares with; nil if there is none yet.
    private func reference(of build: FittedBuild, _ gate: FitGate) throws -> FittedReference? {
        guard let reference = references.first(where: { $0.channel == gate.over }),
            let name = reference.name(of: build.type), let bytes = reference.fileBytes(of: build.type),
            let estimate = build.estimates.first
        else { return nil }
        let catalogue = try DeviceCatalogue.configured()
        let request = FitRequest(context: estimate.context, kvType: estimate.kvType, batch: estimate.batch)
        let estimates = try reference.estimates(
            of: build.type,
            on: devices(of: catalogue),
            request,
            by: FitEstimator(catalogue: catalogue)
        )
        return FittedReference(name: name, fileBytes: bytes, estimates: estimates)
    }
}
