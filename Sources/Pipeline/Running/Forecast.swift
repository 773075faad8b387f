import BinaryIO
import SystemPackage

/// What a step is expected to write and to take. Sizes are exact, times are a range.
public struct Forecast: Codable, Sendable, Equatable {
    public struct Output: Codable, Sendable, Equatable {
        public var name: String
        public var bytes: Int?
    }

    public var outputs: [Output] = []
    public var peakMemoryBytes = 0
    public var secondsLow: Double = 0
    public var secondsHigh: Double = 0

    /// Disk that the step's files take.
    public var diskBytes: Int { outputs.reduce(0) { $0 + ($1.bytes ?? 0) } }

    /// - Parameters:
    ///   - work: how much is to be done, in the unit of `speed`.
    ///   - speed: slowest and fastest expected, a second.
    mutating func setTime(work: Double, speed: ClosedRange<Double>) {
        secondsLow = work / speed.upperBound
        secondsHigh = work / speed.lowerBound
    }
}

/// What a forecast reckons with: ranges wide enough for an old laptop and a large server. They decide nothing.
enum Throughput {
    /// Bytes a second while a file is converted or stored, disk included.
    static let copying = 1e8...2e9
    /// Weights a second and thread while one build is quantized.
    static let quantizing = 1.5e7...1.5e8
    /// Operations a second and thread in matrix products.
    static let multiplying = 1e10...1e11
    /// The program itself, its tables and a registry's pages, in bytes.
    static let fixedMemory = 64 << 20
    /// What a running model takes beside its file, in bytes: cache and scratch of one window.
    static let evaluationMemory = 256 << 20
    /// One thread's slab with its decoded and encoded forms, in bytes.
    static let slabMemory = 8 << 20

    /// Tokens that are read of a text; about four bytes of text make one.
    static func tokens(of text: FilePath, context: Int, chunks: Int?) -> Int {
        min(chunks.map { $0 * context } ?? .max, (FileStatus(text)?.byteCount ?? 0) / 4)
    }
}
