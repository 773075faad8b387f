import Briefs
import DeviceFit

/// Builds to write about.
enum Sample {
    static func build(
        _ model: String,
        billions: Double,
        type: String = "Q4_K_M",
        kld: Double? = 0.01,
        context: Int = 2048,
        kvType: String = "f16",
        ends: [String] = [],
        license: String = "mit",
        source: String? = nil
    ) throws -> BriefedBuild {
        let bytes = Int(billions * 0.6e9)
        let profile = ModelProfile(
            architecture: "llama",
            parameterCount: Int(billions * 1e9),
            weightBytes: bytes,
            weightBytesByType: [type == "Q4_K_M" ? "Q4_K" : type: bytes],
            tokenEmbeddingBytes: bytes / 20,
            isEmbeddingTied: false,
            layers: [.init(count: 16, kvHeads: 4, keyLength: 64, valueLength: 64)],
            embeddingLength: 1024,
            vocabularySize: 32000,
            feedForwardLength: 4096,
            headCount: 16,
            contextLength: 4096,
            quantType: type,
            chat: .init(hasTemplate: true, endTokens: ends)
        )
        let estimator = FitEstimator(catalogue: try DeviceCatalogue())
        let request = FitRequest(context: context, kvType: kvType)
        let devices = estimator.catalogue.devices.filter { $0.platform == .android && (2022...2023).contains($0.year) }
        return BriefedBuild(
            build: "\(model)@1.0.0:\(type.lowercased())",
            model: model,
            quantType: type,
            bitsPerWeight: 4.8,
            fileBytes: bytes,
            license: license,
            source: source ?? "hf://acme/\(model)",
            bitsPerByte: 0.9,
            perplexity: 8,
            kld: kld,
            profile: profile,
            estimate: try estimator.estimate(profile, budget: ByteSize("3GB"), platform: .android, request),
            olderPhones: try devices.map { try estimator.estimate(profile, on: $0, request) }
        )
    }
}
