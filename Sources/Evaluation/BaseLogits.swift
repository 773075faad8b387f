import BinaryIO
import SystemPackage

/// A file of a base model's log-probabilities on a text, in llama-perplexity's format, checked against its own size.
///
/// Layout, little-endian: "_logits_", then 32-bit context, vocabulary size and count of chunks; the tokens of all
/// chunks (32 bits each); then for each scored position a `LogProbabilityRow`.
public struct BaseLogits: Sendable {
    /// The path as the caller passed it.
    public let path: FilePath
    /// The number of tokens in a window.
    public let context: Int
    /// The number of log-probabilities of a position.
    public let vocabularySize: Int
    /// The number of windows of text.
    public let chunkCount: Int
    /// The tokens of all windows, in order.
    public let tokens: [Int32]
    private let file: MappedFile
    private let firstRow: Int

    static let magic = Array("_logits_".utf8)

    /// - Throws: `FileError` if the file cannot be read, `EvaluationError.notBaseLogits` if it is not such a file.
    public init(path: FilePath) throws {
        let file = try MappedFile(path: path)
        func wrong(_ why: String) -> EvaluationError { .notBaseLogits(path: path, why: why) }
        do {
            var reader = ByteReader(file.bytes)
            guard try reader.read(byteCount: 8).elementsEqual(Self.magic) else {
                throw wrong("it does not begin with the letters _logits_")
            }
            var numbers: [Int] = []
            for _ in 0..<3 { numbers.append(Int(try reader.read(Int32.self))) }
            guard numbers[0] >= 4, numbers.allSatisfy({ $0 > 0 }) else {
                throw wrong("context \(numbers[0]), vocabulary \(numbers[1]), chunks \(numbers[2]) make no sense")
            }
            // The header's numbers are at most 2^31, so products of two fit; those of three are checked.
            let scored = (numbers[0] - 1 - numbers[0] / 2) * numbers[2]
            let tokenCount = numbers[0] * numbers[2]
            let (rows, overflow) = scored.multipliedReportingOverflow(
                by: LogProbabilityRow.byteCount(tokenCount: numbers[1])
            )
            guard !overflow, tokenCount <= reader.remaining / 4, rows == reader.remaining - 4 * tokenCount else {
                throw wrong("its length of \(file.count) bytes does not fit its header")
            }
            var tokens: [Int32] = []
            tokens.reserveCapacity(tokenCount)
            for _ in 0..<tokenCount {
                let token = try reader.read(Int32.self)
                guard token >= 0, Int(token) < numbers[1] else { throw wrong("it mentions token \(token)") }
                tokens.append(token)
            }
            self.tokens = tokens
            (context, vocabularySize, chunkCount) = (numbers[0], numbers[1], numbers[2])
            firstRow = reader.offset
        } catch let error as ReadError {
            throw wrong("\(error)")
        }
        self.path = path
        self.file = file
    }

    /// The scored positions of a chunk.
    var scored: Range<Int> { (context / 2)..<(context - 1) }

    /// Returns the log-probabilities after scored position `index` of a chunk.
    func row(chunk: Int, index: Int) throws -> LogProbabilityRow {
        let size = LogProbabilityRow.byteCount(tokenCount: vocabularySize)
        let start = firstRow + (chunk * scored.count + index) * size
        return LogProbabilityRow(reading: try file.bytes(in: start..<(start + size)), tokenCount: vocabularySize)
    }
}

/// Writes a file of log-probabilities, which becomes visible when it is complete.
public final class BaseLogitsWriter {
    private let file: AtomicFile

    /// - Throws: `FileError`; `EvaluationError.strideOutOfRange` for overlapping windows, which the format cannot
    ///   represent.
    public init(path: FilePath, windows: TextWindows, vocabularySize: Int) throws {
        guard windows.follow else {
            throw EvaluationError.strideOutOfRange(stride: windows.step, window: windows.length)
        }
        file = try AtomicFile(path: path)
        var header = BaseLogits.magic
        for number in [windows.length, vocabularySize, windows.count] {
            withUnsafeBytes(of: Int32(number).littleEndian) { header += $0 }
        }
        for token in windows.tokens[..<(windows.count * windows.length)] {
            withUnsafeBytes(of: token.littleEndian) { header += $0 }
        }
        try file.write(header)
    }

    func append(_ rows: [LogProbabilityRow]) throws {
        var bytes: [UInt8] = []
        for row in rows {
            bytes.removeAll(keepingCapacity: true)
            row.append(to: &bytes)
            try file.write(bytes)
        }
    }

    func commit() throws { try file.commit() }
}
