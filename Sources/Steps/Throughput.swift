import BinaryIO
import Pipeline
import SystemPackage

/// What a forecast reckons with before anything ran: ranges wide enough for an old laptop and a large server. They decide
/// nothing.
enum Throughput {
    /// Bytes a second while a file is converted or stored, disk included.
    static let copying = 1e8...2e9
    /// Weights a second and thread while one build is quantized.
    static let quantizing = 1.5e7...1.5e8
    /// Operations a second and thread in matrix products.
    static let multiplying = 1e10...1e11

    /// Work in operations: each weight is multiplied and added once for a token.
    static func evaluation(weights: Int, tokens: Int, threads: Int) -> Forecast.Work {
        Forecast.Work(2 * Double(weights) * Double(tokens) / Double(threads), speed: multiplying)
    }

    /// Tokens that are read of a text; about four bytes of text make one.
    static func tokens(of text: FilePath, context: Int, chunks: Int?) -> Int {
        min(chunks.map { $0 * context } ?? .max, (FileStatus(text)?.byteCount ?? 0) / 4)
    }
}
