import BinaryIO
import Briefs
import Evaluation
import Foundation
import GGUF
import Registry
import Tensors

extension ReportedBuild {
    init(
        _ build: BuildRecord,
        _ measurements: [MeasurementRecord],
        _ signatures: [ReportedSignature],
        rank: Int?,
        remarks: [String]
    ) {
        self.init(
            type: build.name.type,
            digest: "\(build.digest)",
            fileBytes: build.fileBytes,
            storedBytes: build.storedBytes,
            bitsPerWeight: build.facts.bitsPerWeight,
            license: build.facts.license,
            source: build.facts.sourceURI,
            sourceDigest: build.facts.sourceDigest.map { "\($0)" },
            pipelineDigest: build.facts.pipelineDigest.map { "\($0)" },
            toolVersion: build.toolVersion,
            publishedAt: build.createdAt.formatted(.iso8601),
            measurements: measurements.map(ReportedMeasurement.init),
            signatures: signatures,
            rank: rank,
            remarks: remarks
        )
    }
}

extension ReportedMeasurement {
    init(_ record: MeasurementRecord) {
        self.init(
            metric: record.metric,
            value: record.value,
            standardError: record.standardError,
            unit: record.unit,
            conditions: MeasurementConditions(
                method: record.method,
                text: record.textDigest.map { "\($0)" },
                context: record.context,
                chunks: record.chunks,
                against: record.againstDigest.map { "\($0)" },
                kernels: record.kernels,
                toolVersion: record.toolVersion,
                others: record.conditions
            )
        )
    }
}

/// Who signed what, by the registry's audit log.
struct ReportSignatures {
    private let entries: [AuditEntry]

    init(_ registry: ModelRegistry) throws { entries = try registry.auditEntries().filter { $0.action == "sign" } }

    func of(_ build: BuildRecord) -> [ReportedSignature] {
        entries.filter { $0.subject == "\(build.name)" }.compactMap { entry in
            let detail = try? JSONDecoder().decode([String: String].self, from: Data(entry.detail.utf8))
            return detail?["key"].map { ReportedSignature(key: $0, at: entry.at.formatted(.iso8601)) }
        }
    }
}

/// What the registry knows about the errors of a build's single tensors.
struct TensorErrors {
    let kind: TensorErrorKind
    /// The divergences by name and type: another type of the same tensor has another divergence.
    private let divergences: [String: Double]
    /// The relative errors by name, of this very build.
    private var relative: [String: Double] = [:]

    /// Uses the cost that was measured for each tensor of this very build; without it, the latest measurement of the
    /// model that it was quantized from; then the prediction of its recipe; then the quantizer's own note.
    init(of build: BuildRecord, _ lineage: [LineageEdge], in registry: ModelRegistry) throws {
        let bases = lineage.filter { $0.to == build.digest && $0.stepKind == "quantize" }.map(\.from)
        let records = try bases.flatMap { base in try unlessOlder { try registry.sensitivities(of: base) } ?? [] }
            .filter { !$0.isOfLadder }
        let chosen = records.first { $0.buildDigest == build.digest } ?? records.first
        guard let chosen,
            let result = try? JSONDecoder().decode(SensitivityResult.self, from: Data(chosen.payload.utf8))
        else {
            if let recipe = try registry.recipes(of: build.digest).last {
                divergences = Dictionary(recipe.tensors.map { (Self.key($0.name, $0.type), $0.kldShare) }) { first, _ in
                    first
                }
                kind = .predicted(ReportedRecipe(recipe))
                return
            }
            divergences = [:]
            let noted = try registry.tensorErrors(of: build.digest).last?.tensors ?? []
            relative = Dictionary(noted.map { ($0.name, $0.relativeError) }) { first, _ in first }
            kind = relative.isEmpty ? .unknown : .relative
            return
        }
        kind = .divergence(
            TensorErrorConditions(
                text: "\(chosen.textDigest)",
                context: chosen.context,
                chunks: chosen.chunks,
                kernels: chosen.kernels,
                toolVersion: chosen.toolVersion,
                isOfThisBuild: chosen.buildDigest == build.digest
            )
        )
        divergences = Dictionary(result.tensors.map { (Self.key($0.name, $0.type), $0.kld) }) { first, _ in first }
    }

    func reported(_ tensor: GGUFTensor) -> ReportedTensor {
        ReportedTensor(
            named: tensor.name,
            type: tensor.type.name.uppercased(),
            bitsPerWeight: tensor.type.bitsPerElement,
            bytes: tensor.byteCount,
            error: divergences[Self.key(tensor.name, tensor.type.name)] ?? relative[tensor.name]
        )
    }

    private static func key(_ name: String, _ type: String) -> String { "\(name) \(type.lowercased())" }
}

extension ReportedRecipe {
    init(_ record: RecipeRecord) {
        var preset: (type: String, predictedKld: Double)?
        if let type = record.presetType, let predicted = record.presetPredictedKld { preset = (type, predicted) }
        self.init(
            budgetBytes: record.budgetBytes,
            ladder: record.ladder,
            predictedKld: record.predictedKld,
            preset: preset
        )
    }
}
