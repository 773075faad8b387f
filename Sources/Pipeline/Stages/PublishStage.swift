import BinaryIO
import DeviceFit
import Evaluation
import Foundation
import GGUF
import Registry
import SystemPackage

/// Builds with everything known about them into the registry, all of it or nothing.
struct PublishStage: Stage {
    /// Raised whenever the same inputs would be published otherwise.
    static let version = 2

    let definition: PipelineDefinition
    let source: SourceCheckpoint
    let registry: ModelRegistry?
    let builds: [BuildFile]
    let evaluations: [EvaluatedBuild]
    let fits: [FittedBuild]
    let lineage: [LineageEdge]
    /// The keys of the steps that measured, by id: new numbers are published even where the builds are the old ones.
    let measuredBy: [String: SHA256Digest]
    let options: PublishOptions

    var key: StepKey {
        var inputs = ["source": source.digest, "pipeline": definition.digest]
        for build in builds { inputs["build.\(build.type)"] = build.digest }
        for (step, key) in measuredBy { inputs["step.\(step)"] = key }
        return StepKey(
            kind: .publish,
            version: Self.version,
            options: [
                "model": definition.name, "version": definition.version, "license": definition.license,
                "channel": options.channel ?? "", "tags": definition.tags.joined(separator: ","),
            ],
            inputs: inputs
        )
    }

    func run(_ context: StageContext) throws -> StepProduct {
        guard let registry else { preconditionFailure("a run opens the registry before its first step") }
        let drafts = try builds.map(draft)
        let publication = Publication(
            model: definition.name,
            version: try ModelVersion(parsing: definition.version),
            builds: drafts,
            lineage: lineage,
            channel: options.channel,
            toolVersion: Edgepipe.version
        )
        let published = try registry.publish(publication) { transfer in
            try context.progress("\(transfer.build.type): \(transfer.phase)", transfer.doneBytes, transfer.totalBytes)
        }
        return .registrations(
            published.map { build in
                RegisteredBuild(
                    name: "\(build.record.name)",
                    digest: build.record.digest,
                    fileBytes: build.record.fileBytes,
                    storedBytes: build.record.storedBytes,
                    isNew: build.isNew
                )
            }
        )
    }

    private func name(of build: BuildFile) -> String { "\(definition.name)@\(definition.version):\(build.type)" }

    private func draft(_ build: BuildFile) throws -> BuildDraft {
        let file = try GGUFFile(path: build.path)
        var profile = try ModelProfile(loadable: file, quantType: build.type.uppercased())
        profile.addTags(definition.tags)
        return BuildDraft(
            type: build.type,
            file: build.path,
            cuts: file.partCuts,
            facts: BuildFacts(
                quantType: build.type.uppercased(),
                bitsPerWeight: build.bitsPerWeight,
                sourceURI: source.uri,
                sourceDigest: source.digest,
                license: definition.license,
                pipelineDigest: definition.digest,
                profile: try profile.stored
            ),
            measurements: evaluations.filter { $0.digest == build.digest }.flatMap { $0.measurements },
            fits: try fits.filter { $0.digest == build.digest }.flatMap { try $0.estimates.map(Self.record) },
            tensorErrors: tensorErrors(of: build)
        )
    }

    private func tensorErrors(of build: BuildFile) -> [TensorErrorRecord] {
        guard let errors = build.errors, !errors.isEmpty else { return [] }
        let origin = lineage.first { $0.to == build.digest && $0.stepKind == StepKind.quantize.rawValue }
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
            decodeTokensPerSecond: estimate.decode.mid,
            prefillTokensPerSecond: estimate.prefill.mid,
            sustainedFactor: estimate.sustainedFactor.mid,
            batteryPercentPer1kTokens: estimate.batteryPercentPer1kTokens?.mid,
            confidence: estimate.confidence.rawValue,
            payload: String(decoding: try JSONEncoder().encode(estimate), as: UTF8.self),
            toolVersion: Edgepipe.version
        )
    }
}
