import BinaryIO
import Foundation
import SystemPackage
import TestSupport

/// What llama-perplexity measured on the tiny model; see Tests/Goldens.
struct PerplexityGoldens: Decodable {
    struct Exact: Decodable {
        let perplexity: Double
        let standard_error: Double
        let running_perplexity_per_chunk: [Double]
    }
    struct Comparison: Decodable {
        let perplexity: Double
        let mean_kld: Double
        let median_kld: Double
        let p99_kld: Double
        let max_kld: Double
        let same_top_percent: Double
        let mean_delta_p_percent: Double
        let rms_delta_p_percent: Double
    }
    let context: Int
    let chunks: Int
    let model_f32_exact: Exact
    let kl_divergence_against_f32: [String: Comparison]

    static func load() throws -> PerplexityGoldens {
        let bytes = try readFile(Goldens.tinyPhi3.appending("perplexity.json"), limit: 1 << 20)
        return try JSONDecoder().decode(PerplexityGoldens.self, from: Data(bytes))
    }

    /// The text that the goldens were measured on.
    static func text() throws -> [UInt8] {
        try readFile(Goldens.packageRoot.appending("texts/sample.txt"), limit: 1 << 24)
    }
}
