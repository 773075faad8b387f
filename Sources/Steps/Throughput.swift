import BinaryIO
import Pipeline
import SystemPackage

/// The assumptions of a forecast before anything ran: ranges wide enough for an old laptop and a large server. They
/// affect no result.
enum Throughput {
    /// The bytes per second of converting or storing a file, including the disk.
    static let copying = 1e8...2e9
    /// The weights per second and thread of quantizing one build.
    static let quantizing = 1.5e7...1.5e8
    /// The operations per second and thread of matrix products.
    static let multiplying = 1e10...1e11

    /// Returns the work in operations: one multiplication and one addition per weight and token.
    static func evaluation(weights: Int, tokens: Int, threads: Int) -> Forecast.Work {
        Forecast.Work(2 * Double(weights) * Double(tokens) / Double(threads), speed: multiplying)
    }

    /// Returns the number of tokens read from a text, at about four bytes per token.
    static func tokens(of text: FilePath, context: Int, chunks: Int?) -> Int {
        min(chunks.map { $0 * context } ?? .max, (FileStatus(text)?.byteCount ?? 0) / 4)
    }
}
