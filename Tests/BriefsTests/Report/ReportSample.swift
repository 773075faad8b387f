import Briefs
import DeviceFit

/// A version to report on.
enum ReportSample {
    static let text = String(repeating: "a", count: 64)
    static let base = String(repeating: "b", count: 64)
    static let source = String(repeating: "c", count: 64)

    static func digest(_ type: String) -> String {
        String((type.utf8.map { String($0, radix: 16) }.joined() + String(repeating: "0", count: 64)).prefix(64))
    }

    static func conditions(text: String = text, against: String? = nil, chunks: Int = 40) -> MeasurementConditions {
        MeasurementConditions(
            method: "llama-perplexity",
            text: text,
            context: 512,
            chunks: chunks,
            against: against,
            kernels: "avx2",
            toolVersion: "0.1.0",
            others: ["cacheType": "f16"]
        )
    }

    static func measured(
        _ value: Double,
        _ error: Double? = 0.01,
        of metric: String = "bitsPerByte",
        under conditions: MeasurementConditions = conditions()
    ) -> ReportedMeasurement {
        ReportedMeasurement(
            metric: metric,
            value: value,
            standardError: error,
            unit: metric == "meanKLD" ? "nat/token" : "bit/byte",
            conditions: conditions
        )
    }

    static func build(
        _ type: String,
        megabytes: Int,
        _ measurements: [ReportedMeasurement] = [],
        source: String = "hf://acme/small",
        license: String = "mit",
        rank: Int? = 1,
        remarks: [String] = []
    ) -> ReportedBuild {
        ReportedBuild(
            type: type,
            digest: digest(type),
            fileBytes: megabytes * 1_000_000,
            storedBytes: megabytes * 900_000,
            bitsPerWeight: 4.8,
            license: license,
            source: source,
            sourceDigest: self.source,
            pipelineDigest: nil,
            toolVersion: "0.1.0",
            publishedAt: "2026-11-26T12:00:00Z",
            measurements: measurements,
            signatures: [],
            rank: rank,
            remarks: remarks
        )
    }

    static func report(
        _ builds: [ReportedBuild],
        model: String = "small",
        devices: [String] = ["pixel-8", "iphone-15"],
        tensors: [ReportedTensor]? = nil,
        errors: TensorErrorKind = .unknown,
        moves: [ReportedMove]? = []
    ) throws -> ModelReport {
        let brief = try Sample.build("small", billions: 1)
        let estimator = FitEstimator(catalogue: try DeviceCatalogue())
        let fits = try devices.map { id in
            let device = try estimator.catalogue.device(id)
            return ReportedFit(
                device: device,
                estimate: try estimator.estimate(brief.profile, on: device, FitRequest(context: 2048)),
                isStored: true,
                best: builds[0].type
            )
        }
        return ModelReport(
            model: model,
            version: "1.0.0",
            channels: ["candidate"],
            builds: builds,
            focus: builds[0].type,
            choice: .best,
            fits: fits,
            tensors: tensors ?? [tensor("token_embd.weight"), tensor("blk.0.attn_q.weight")],
            errors: errors,
            lineage: [ReportedStep(from: source, kind: "convert", to: base, options: text)]
                + builds.map { ReportedStep(from: base, kind: "quantize", to: $0.digest, options: text) },
            moves: moves
        )
    }

    static func tensor(_ name: String, type: String = "Q4_K", error: Double? = nil) -> ReportedTensor {
        ReportedTensor(named: name, type: type, bitsPerWeight: 4.5, bytes: 1000, error: error)
    }
}
