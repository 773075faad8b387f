import BinaryIO
import DeviceFit
import Distribution
import Evaluation
import Foundation
import GGUF
import Pipeline
import Registry
import SystemPackage

/// Publishes builds with all their data to the registry: either all that are due or none. There is one node per build.
struct PublishStep: Step {
    /// Increased whenever the same inputs would be published differently.
    static let version = 2

    let id: String
    let settings: PublishSettings
    let definition: PipelineDefinition
    let source: SourceCheckpoint
    let registry: ModelRegistry?
    let maker: any BuildMaker
    /// The step that makes the projector of each pair; nil for a model without vision.
    let projector: ProjectorStep?
    /// The nodes of the steps that measured and estimated.
    let measured: [StepNode]

    let kind = PublishSettings.kind
    let publishes = true
    var needs: [String] { settings.needs }
    var nodes: [StepNode] { made.map(node) }

    /// The projectors, followed by the builds.
    private var made: [PlannedBuild] { (projector?.builds ?? []) + maker.builds }

    private func isProjector(_ build: PlannedBuild) -> Bool { build.node.name == projector?.node.name }

    private func maker(of build: PlannedBuild) -> any BuildMaker {
        if let projector, isProjector(build) { return projector }
        return maker
    }

    private func node(_ build: PlannedBuild) -> StepNode {
        var inputs = ["build": build.node.asInput, "source": .file(source.digest)]
        if let projector, !isProjector(build) { inputs["projector"] = projector.node.asInput }
        for node in measures(of: build) { inputs["measure.\(node.name.step)"] = node.asInput }
        let key = StepKey(
            kind: kind,
            version: Self.version,
            settings: [
                "type": build.type, "model": definition.name, "version": definition.version,
                "license": definition.license, "channel": settings.channel ?? "",
                "tags": definition.tags.joined(separator: ","), "uri": source.uri,
            ],
            inputs: inputs
        )
        return StepNode(StepNode.Name(step: id, build: build.type), key)
    }

    /// Returns the nodes that measured a build.
    private func measures(of build: PlannedBuild) -> [StepNode] {
        measured.filter { $0.name.build == build.type && $0.inputs.contains(build.node.name) }
    }

    /// Whether a cached publication is valid, which it is only while the registry still holds its builds.
    func isCurrent(_ product: StepProduct) -> Bool {
        guard let build = try? product.facts(RegisteredBuild.self), let name = try? BuildName(build.name) else {
            return false
        }
        return (try? registry?.build(named: name))?.digest == build.digest
    }

    func forecast(_ nodes: [StepNode], threads: Int) throws -> Forecast {
        // Quantized weights hardly compress, so the registry may need the same amount again.
        let builds = made.of(nodes)
        let sizes = try builds.flatMap { try maker(of: $0).byteCounts(of: [$0.type]) }
        return Forecast(
            outputs: zip(builds, sizes).map { Forecast.Output(name: name(of: $0), bytes: $1) },
            peakMemoryBytes: peakMemory(builds, sizes),
            work: Forecast.Work(Double(sizes.reduce(0, +)), speed: Throughput.copying)
        )
    }

    /// The peak memory, in bytes. Builds are packed one at a time.
    private func peakMemory(_ builds: [PlannedBuild], _ sizes: [Int]) -> Int {
        let packing = zip(builds, sizes).map { build, size in
            maker(of: build).memory.packing(
                bytesPerWeight: Double(size) / Double(max(1, build.weights)),
                ofSeveral: builds.count > 1
            )
        }
        return packing.max() ?? maker.memory.looking
    }

    private func name(of build: PlannedBuild) -> String { "\(definition.name)@\(definition.version):\(build.type)" }

    func run(_ nodes: [StepNode], _ context: StepContext) throws -> [StepProduct] {
        guard let registry else { preconditionFailure("a run opens the registry before its first step") }
        let builds = made.of(nodes)
        var known: Set<LineageEdge> = []
        let lineage = builds.flatMap { maker(of: $0).lineage(of: $0.node, context) }.filter {
            known.insert($0).inserted
        }
        let publication = Publication(
            model: definition.name,
            version: try ModelVersion(parsing: definition.version),
            builds: try builds.map { try draft($0, lineage, context) },
            lineage: lineage,
            channel: settings.channel,
            toolVersion: Edgepipe.version
        )
        let published = try registry.publish(publication) { transfer in
            try context.progress("\(transfer.build.type): \(transfer.phase)", transfer.doneBytes, transfer.totalBytes)
        }
        if let costs = try maker.costs(context) { try registry.record(costs) }
        return try published.map { build in
            let registered = RegisteredBuild(
                name: "\(build.record.name)",
                digest: build.record.digest,
                fileBytes: build.record.fileBytes,
                storedBytes: build.record.storedBytes,
                isNew: build.isNew
            )
            return try StepProduct(facts: registered, outputs: [registered.name])
        }
    }

    private func draft(
        _ planned: PlannedBuild,
        _ lineage: [LineageEdge],
        _ context: StepContext
    ) throws -> BuildDraft {
        let build = try context.build(planned.node)
        let measured = measures(of: planned).map { context.product(of: $0.name) }
        let evaluations = measured.compactMap { try? $0.facts(EvaluatedBuild.self) }
        let fits = measured.compactMap { try? $0.facts(FittedBuild.self) }
        let file = try GGUFFile(path: build.path)
        return BuildDraft(
            type: build.type,
            file: build.path,
            cuts: file.partCuts,
            facts: BuildFacts(
                quantType: build.type.uppercased(),
                bitsPerWeight: build.facts.bitsPerWeight,
                sourceURI: source.uri,
                sourceDigest: source.digest,
                license: definition.license,
                pipelineDigest: definition.digest,
                profile: try isProjector(planned) ? "{}" : profile(of: build, file, context).stored
            ),
            measurements: evaluations.flatMap { $0.measurements },
            fits: try fits.flatMap { try $0.estimates.map(Self.record) },
            tensorErrors: tensorErrors(of: build, lineage),
            recipes: build.facts.recipe.map { [$0] } ?? []
        )
    }

    private func profile(of build: BuildFile, _ file: GGUFFile, _ context: StepContext) throws -> ModelProfile {
        var profile = try ModelProfile(loadable: file, quantType: build.type.uppercased())
        profile.addTags(definition.tags)
        if let projector = try projector.map({ try context.build($0.node) }) {
            profile.projector = try ProjectorProfile(GGUFFile(path: projector.path), beside: profile, of: build.path)
                .published(as: projector.type, sha256: projector.digest)
        }
        return profile
    }

    private func tensorErrors(of build: BuildFile, _ lineage: [LineageEdge]) -> [TensorErrorRecord] {
        guard let errors = build.facts.errors, !errors.isEmpty else { return [] }
        let origin = lineage.first { $0.to == build.digest && $0.stepKind == QuantizeSettings.kind }
        let record = TensorErrorRecord(
            againstDigest: origin?.from,
            toolVersion: Edgepipe.version,
            tensors: errors.map {
                .init(name: $0.tensor, relativeError: $0.relativeError, weightedError: $0.weightedError)
            }
        )
        return [record]
    }

    private static func record(_ estimate: FitEstimate) throws -> FitRecord {
        let memory = estimate.memory.total
        return FitRecord(
            device: estimate.target,
            context: estimate.context,
            kvType: estimate.kvType,
            verdict: estimate.verdict.rawValue,
            peakMemoryLow: memory.low,
            peakMemoryMid: memory.mid,
            peakMemoryHigh: memory.high,
            // A model that does not generate has no decoding speed.
            decodeTokensPerSecond: estimate.decode?.mid ?? 0,
            prefillTokensPerSecond: estimate.prefill.mid,
            sustainedFactor: estimate.sustainedFactor.mid,
            batteryPercentPer1kTokens: estimate.batteryPercentPer1kTokens?.mid,
            confidence: estimate.confidence.rawValue,
            payload: String(decoding: try JSONEncoder().encode(estimate), as: UTF8.self),
            toolVersion: Edgepipe.version
        )
    }
}
