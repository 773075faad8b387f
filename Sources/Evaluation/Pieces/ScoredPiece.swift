import BinaryIO
import Foundation
import SystemPackage

/// The scores of a piece of a text's windows, to be joined with the other pieces.
package struct ScoredPiece: Sendable, Equatable {
    /// The number of windows of the whole text.
    package let windowCount: Int
    /// The windows of this piece; empty if there are more pieces than windows.
    package let range: Range<Int>
    /// Whether the scores are compared with a base.
    package let isCompared: Bool
    let conditions: ScoringConditions
    let windows: [ScoredWindow]

    init(
        windowCount: Int,
        range: Range<Int>,
        isCompared: Bool,
        conditions: ScoringConditions,
        windows: [ScoredWindow]
    ) {
        (self.windowCount, self.range, self.isCompared) = (windowCount, range, isCompared)
        (self.conditions, self.windows) = (conditions, windows)
    }

    /// Returns the figures of the whole text, which equal those of one run to the last digit.
    /// - Parameters:
    ///   - pieces: the pieces of one text and one model, in any order.
    ///   - areAll: false if they are only the beginning of the text.
    /// - Throws: `EvaluationError.piecesDoNotFit` if they are not; `noText`, `notANumber` as one run does.
    package static func joined(
        _ pieces: [ScoredPiece],
        areAll: Bool = true
    ) throws -> (perplexity: PerplexityResult, divergence: KLDivergenceResult?) {
        let pieces = pieces.sorted {
            ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
        }
        var tally = PieceTally()
        for piece in pieces { try tally.add(piece) }
        return try tally.figures(areAll: areAll)
    }
}

/// The file of a piece: `EPSC`, the format as 32 bits, the header's length as 64 bits, the header as JSON, and for each
/// window the columns of its tokens, all little-endian.
extension ScoredPiece {
    private static let magic = Array("EPSC".utf8)
    private static let format: UInt32 = 1
    /// The largest file in bytes; a token takes up to 45 bytes.
    private static let sizeLimit = 1 << 32

    private struct Header: Codable {
        let windowCount: Int
        let first: Int
        let count: Int
        /// The number of scored tokens of each window.
        let scored: Int
        let firstPosition: Int
        let isCompared: Bool
        let context: Int
        let cacheType: String
        let kernels: String
    }

    /// - Throws: `FileError`.
    package func write(to path: FilePath) throws {
        let header = Header(
            windowCount: windowCount,
            first: range.lowerBound,
            count: range.count,
            scored: windows.first?.surprises.count ?? 0,
            firstPosition: windows.first?.firstPosition ?? 0,
            isCompared: isCompared,
            context: conditions.context,
            cacheType: conditions.cacheType,
            kernels: conditions.kernels
        )
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let json = try encoder.encode(header)
        var bytes = Self.magic
        func append<Number: FixedWidthInteger>(_ number: Number) {
            withUnsafeBytes(of: number.littleEndian) { bytes += $0 }
        }
        append(Self.format)
        append(UInt64(json.count))
        bytes += json
        for window in windows {
            for surprise in window.surprises { append(surprise.bitPattern) }
            for count in window.byteCounts { append(UInt32(clamping: count)) }
            guard isCompared else { continue }
            for score in window.comparisons { append(score.divergence.bitPattern) }
            for score in window.comparisons { append(score.surprise.bitPattern) }
            for score in window.comparisons { append(score.baseSurprise.bitPattern) }
            for score in window.comparisons { append(score.delta.bitPattern) }
            for score in window.comparisons { append(UInt8(score.sameTop ? 1 : 0)) }
        }
        try writeFile(bytes, to: path)
    }

    /// - Throws: `FileError`; `EvaluationError.notScores` for a file of another kind, or a damaged one.
    package init(reading path: FilePath) throws {
        let bytes = try readFile(path, limit: Self.sizeLimit)
        do {
            self = try bytes.withUnsafeBytes { try Self(parsing: $0) }
        } catch let problem as Problem {
            throw EvaluationError.notScores(path: path, why: problem.why)
        } catch let error as ReadError {
            throw EvaluationError.notScores(path: path, why: "\(error)")
        }
    }

    private struct Problem: Error { let why: String }

    private init(parsing bytes: UnsafeRawBufferPointer) throws {
        var reader = ByteReader(bytes)
        guard try reader.read(byteCount: 4).elementsEqual(Self.magic) else {
            throw Problem(why: "these are no scores of a text")
        }
        func number<Number: FixedWidthInteger>(_: Number.Type) throws -> Number {
            let size = MemoryLayout<Number>.size
            return Number(littleEndian: try reader.read(byteCount: UInt64(size)).loadUnaligned(as: Number.self))
        }
        guard try number(UInt32.self) == Self.format else { throw Problem(why: "the format is another") }
        let json = try reader.read(byteCount: try number(UInt64.self))
        guard let header = try? JSONDecoder().decode(Header.self, from: Data(json)) else {
            throw Problem(why: "the header cannot be read")
        }
        let tokenBytes = 12 + (header.isCompared ? 33 : 0)
        // Checked before anything is allocated; no product here can overflow.
        guard header.windowCount >= 0, header.first >= 0, header.count >= 0, header.scored >= 0,
            header.firstPosition >= 0,
            header.context > 0, header.windowCount <= 1 << 40, header.first <= header.windowCount,
            header.count <= header.windowCount - header.first, header.firstPosition <= 1 << 40,
            header.count <= Self.sizeLimit, header.scored <= Self.sizeLimit / tokenBytes,
            header.count == 0 || header.scored > 0,
            header.count.multipliedReportingOverflow(by: header.scored * tokenBytes) == (reader.remaining, false)
        else { throw Problem(why: "the file has not the length that its header says") }
        func column<Value>(_ read: () throws -> Value) throws -> [Value] {
            try (0..<header.scored).map { _ in try read() }
        }
        func double() throws -> Double { Double(bitPattern: try number(UInt64.self)) }
        windows = try (0..<header.count).map { index in
            let surprises = try column(double)
            let byteCounts = try column { Int(try number(UInt32.self)) }
            var comparisons: [DivergenceScore] = []
            if header.isCompared {
                let columns = try (0..<4).map { _ in try column(double) }
                let sameTop = try column { try number(UInt8.self) == 1 }
                comparisons = sameTop.indices.map { token in
                    DivergenceScore(
                        divergence: columns[0][token],
                        surprise: columns[1][token],
                        baseSurprise: columns[2][token],
                        sameTop: sameTop[token],
                        delta: columns[3][token]
                    )
                }
            }
            return ScoredWindow(
                index: header.first + index,
                firstPosition: header.firstPosition,
                surprises: surprises,
                byteCounts: byteCounts,
                comparisons: comparisons
            )
        }
        windowCount = header.windowCount
        range = header.first..<(header.first + header.count)
        isCompared = header.isCompared
        conditions = ScoringConditions(
            context: header.context,
            cacheType: header.cacheType,
            kernels: header.kernels
        )
    }
}
