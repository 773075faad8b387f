import BinaryIO
import DeviceFit
import Foundation
import Registry
import SystemPackage

/// Builds as pipelines publish them: ten versions of every model, each in five types, with eight measurements and estimates
/// for three phones.
struct Filling {
    var models: Int
    /// How many different models in the sense of their shape there are; fine-tunes share one.
    var shapes: Int

    private static let types: [(name: String, bits: Double)] = [
        ("q8_0", 8.5), ("q6_k", 6.6), ("q5_k_m", 5.7), ("q4_k_m", 4.85), ("q3_k_m", 3.9),
    ]
    private static let licenses = ["mit", "apache-2.0", "llama3", "gemma"]
    private static let versions = 10

    func fill(_ path: FilePath) throws {
        let registry = try ModelRegistry(path: path, mode: .create)
        let shaped = try (0..<shapes).map(profiles)
        let weights = Dictionary(
            shaped.joined().map { ($0.text, $0.profile.weightBytes) },
            uniquingKeysWith: { first, _ in first }
        )
        for start in stride(from: 0, to: models, by: 20) {
            let publications = try (start..<min(models, start + 20)).flatMap { model in
                try (0..<Self.versions).map { try publication(model, version: $0, shaped[model % shapes]) }
            }
            try registry.fill(publications) { draft in
                (SHA256Digest(of: draft.file.string.utf8), (weights[draft.facts.profile] ?? 1) + 4_000_000)
            }
        }
        try registry.close()
    }

    private struct Shaped {
        let type: String
        let bits: Double
        let profile: ModelProfile
        let text: String
        let fits: [FitRecord]
    }

    private func publication(_ model: Int, version: Int, _ shaped: [Shaped]) throws -> Publication {
        let drafts = shaped.enumerated().map { index, shape in
            // Larger models and more bits are better, fine-tunes differ by a little.
            let scatter = Double((model &* 7919 &+ version &* 104_729) % 1000) / 10_000
            let quality = 1.4 - 0.06 * log2(Double(shape.profile.parameterCount) / 1e8) + scatter + 0.3 / shape.bits
            return BuildDraft(
                type: shape.type,
                file: FilePath("model-\(model)@1.\(version).0:\(shape.type)"),
                facts: BuildFacts(
                    quantType: shape.type.uppercased(),
                    bitsPerWeight: shape.bits,
                    sourceURI: "hf://bench/model-\(model)",
                    license: Self.licenses[model % Self.licenses.count],
                    profile: shape.text
                ),
                // Of every tenth model nothing was measured, and every twentieth on another text.
                measurements: model % 10 == 9 ? [] : measurements(quality, text: model % 20 == 8 ? "other" : "common"),
                fits: shape.fits
            )
        }
        return Publication(
            model: "model-\(model)",
            version: try ModelVersion(parsing: "1.\(version).0"),
            builds: drafts,
            channel: version == Self.versions - 1 ? "stable" : nil,
            toolVersion: "0.1.0"
        )
    }

    private func measurements(_ quality: Double, text: String) -> [MeasurementRecord] {
        let values = [
            (Metric.perplexity, exp2(quality * 4.3)), (Metric.bitsPerByte, quality), (Metric.meanKLD, 0.01), (Metric.medianKLD, 0.005),
            (Metric.p99KLD, 0.2), (Metric.maxKLD, 3), (Metric.sameTopPercent, 95), (Metric.meanDeltaPercent, 0.1),
        ]
        return values.map { metric, value in
            MeasurementRecord(
                metric: metric,
                value: value,
                standardError: 0.01,
                unit: "1",
                method: "llama-perplexity-v1",
                textDigest: SHA256Digest(of: text.utf8),
                context: 512,
                chunks: 40,
                kernels: "avx2",
                toolVersion: "0.1.0",
                conditions: ["cacheType": "f32", "scoredBytes": "34388", "scoredTokens": "10200"]
            )
        }
    }

    /// One family from 0.1 to 70 billion parameters, in all types.
    private func profiles(ofShape shape: Int) throws -> [Shaped] {
        let parameters = Int(1e8 * pow(700, Double(shape) / Double(shapes)))
        let estimator = FitEstimator(catalogue: try DeviceCatalogue())
        let encoder = JSONEncoder()
        return try Self.types.map { type, bits in
            let weights = Int(Double(parameters) * bits / 8)
            let width = max(512, Int(pow(Double(parameters), 1.0 / 3) * 2) / 64 * 64)
            var profile = ModelProfile(
                architecture: "llama",
                parameterCount: parameters,
                weightBytes: weights,
                weightBytesByType: [type.uppercased(): weights - 9216, "F32": 9216],
                tokenEmbeddingBytes: width * 32_000,
                isEmbeddingTied: shape % 2 == 0,
                layers: [.init(count: 16 + shape % 48, kvHeads: 8, keyLength: 128, valueLength: 128)],
                embeddingLength: width,
                vocabularySize: 32_000 + shape,
                feedForwardLength: width * 4,
                headCount: width / 64,
                contextLength: 8192,
                quantType: type.uppercased(),
                chat: .init(hasTemplate: true, endTokens: ["</s>", "<|end|>"])
            )
            profile.loads = true
            let fits = try ["pixel-8", "galaxy-s23", "iphone-15"].map { id in
                let estimate = try estimator.estimate(profile, on: estimator.catalogue.device(id))
                return FitRecord(
                    device: id,
                    context: 4096,
                    kvType: "f16",
                    verdict: estimate.verdict.rawValue,
                    peakMemoryLow: estimate.memory.total.low,
                    peakMemoryMid: estimate.memory.total.mid,
                    peakMemoryHigh: estimate.memory.total.high,
                    decodeTokensPerSecond: estimate.decode?.mid ?? 0,
                    prefillTokensPerSecond: estimate.prefill.mid,
                    sustainedFactor: estimate.sustainedFactor.mid,
                    batteryPercentPer1kTokens: estimate.batteryPercentPer1kTokens?.mid,
                    confidence: "medium",
                    payload: String(decoding: try encoder.encode(estimate), as: UTF8.self),
                    toolVersion: "0.1.0"
                )
            }
            let text = String(decoding: try encoder.encode(profile), as: UTF8.self)
            return Shaped(type: type, bits: bits, profile: profile, text: text, fits: fits)
        }
    }
}
