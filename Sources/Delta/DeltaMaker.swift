import BinaryIO
import GGUF
import SystemPackage
import Work
import Zstd

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// Makes the delta that turns one GGUF file into another.
public struct DeltaMaker: Sendable {
    /// The largest useful delta, as a fraction of the new file.
    public static let mostWorthwhile = 0.6

    /// The file that phones have.
    public var old: FilePath
    /// The file that phones will get.
    public var new: FilePath
    /// The zstd level, 1 to 19: higher takes more time for smaller frames.
    public var level: Int
    /// The number of threads that compress.
    public var threads: Int

    /// Creates a maker; the default level is the highest one.
    public init(from old: FilePath, to new: FilePath, level: Int = 19, threads: Int = 1) {
        (self.old, self.new, self.level, self.threads) = (old, new, level, threads)
    }

    /// Computes the size of a delta without writing it.
    /// - Throws: `GGUFError`, `FileError`.
    public func plan(_ progress: @escaping (Int, Int) throws -> Void = { _, _ in }) throws -> DeltaReport {
        try encode(limit: .max, progress) { _ in }.report
    }

    /// Writes the delta.
    /// - Throws: `DeltaError.tooLarge` if sending the new file is better; `GGUFError`, `FileError`.
    public func make(
        to output: FilePath,
        _ progress: @escaping (Int, Int) throws -> Void = { _, _ in }
    ) throws -> DeltaReport {
        try checkOutput(output, replacing: [old, new])
        let newBytes = FileStatus(new)?.byteCount ?? 0
        let file = try AtomicFile(path: output)
        // The directory comes first but is complete only at the end, so frames wait in an unnamed file.
        let frames = try Scratchpad(beside: output)
        var made = try encode(limit: Int(Double(newBytes) * Self.mostWorthwhile), progress) { try frames.append($0) }
        let head = try made.directory.head
        made.report.deltaBytes = head.count + frames.count
        guard Double(made.report.deltaBytes) < Double(newBytes) * Self.mostWorthwhile else {
            throw DeltaError.tooLarge(delta: made.report.deltaBytes, file: newBytes)
        }
        try file.write(head)
        try frames.forEachSlab { try file.write($0) }
        try file.commit()
        return made.report
    }

    private struct Made: Sendable {
        let operation: DeltaDirectory.Operation
        let frame: [UInt8]
    }

    private func encode(
        limit: Int,
        _ progress: (Int, Int) throws -> Void,
        _ emit: ([UInt8]) throws -> Void
    ) throws -> (directory: DeltaDirectory, report: DeltaReport) {
        let layout = DeltaLayout(old: try GGUFFile(path: old), new: try GGUFFile(path: new))
        let (before, after) = (try MappedFile(path: old), try MappedFile(path: new))
        var hasher = SHA256Hasher()
        var operations: [DeltaDirectory.Operation] = []
        var frameBytes = 0
        for start in stride(from: 0, to: layout.pieces.count, by: max(1, threads)) {
            let batch = Array(layout.pieces[start..<min(start + max(1, threads), layout.pieces.count)])
            let made = try batch.concurrentMap(threads: max(1, threads)) { try make($0, before, after) }
            for (piece, item) in zip(batch, made) {
                hasher.update(try after.bytes(in: piece.range))
                after.release(piece.range)
                if try !Self.lengthen(&operations, by: item.operation, after, end: piece.range.upperBound) {
                    operations.append(item.operation)
                }
                frameBytes += item.frame.count
                guard frameBytes < limit else { throw DeltaError.tooLarge(delta: frameBytes, file: after.count) }
                if !item.frame.isEmpty { try emit(item.frame) }
                try progress(piece.range.upperBound, after.count)
            }
        }
        let directory = DeltaDirectory(
            old: .init(bytes: before.count, sha256: try SHA256Digest(ofFile: old)),
            new: .init(bytes: after.count, sha256: hasher.finalize()),
            operations: operations
        )
        let headBytes = try directory.head.count
        return (directory, DeltaReport(directory, deltaBytes: headBytes + frameBytes, headBytes: headBytes))
    }

    /// Merges two copies that follow each other in both files.
    private static func lengthen(
        _ operations: inout [DeltaDirectory.Operation],
        by next: DeltaDirectory.Operation,
        _ new: MappedFile,
        end: Int
    ) throws -> Bool {
        guard let last = operations.last, last.op == .copy, next.op == .copy, let at = last.at,
            next.at == at + last.bytes, last.bytes + next.bytes <= DeltaDirectory.longestOperation
        else { return false }
        let bytes = last.bytes + next.bytes
        let digest = SHA256Digest(of: try new.bytes(in: (end - bytes)..<end))
        operations[operations.count - 1] = .init(op: .copy, at: at, bytes: bytes, sha256: digest)
        return true
    }

    private func agree(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
        guard let first = left.baseAddress, let second = right.baseAddress else { return left.count == right.count }
        return left.count == right.count && memcmp(first, second, left.count) == 0
    }

    private func make(_ piece: DeltaLayout.Piece, _ old: MappedFile, _ new: MappedFile) throws -> Made {
        let bytes = try new.bytes(in: piece.range)
        let digest = SHA256Digest(of: bytes)
        let level = Int32(level)
        func raw() throws -> Made {
            let frame = try ZstdFrame.compress(bytes, level: level)
            return Made(
                operation: .init(op: .raw, bytes: bytes.count, frame: frame.count, sha256: digest),
                frame: frame
            )
        }
        switch piece.likeness {
        case .nothing: return try raw()
        case .header(let range):
            let prefix = try old.bytes(in: range)
            let same = piece.range.lowerBound..<(piece.range.lowerBound + bytes.count)
            if same.upperBound <= old.count, try agree(bytes, old.bytes(in: same)) {
                return Made(
                    operation: .init(op: .copy, at: same.lowerBound, bytes: bytes.count, sha256: digest),
                    frame: []
                )
            }
            let frame = try ZstdFrame.compress(bytes, level: level, prefix: prefix)
            return Made(
                operation: .init(
                    op: .patch,
                    at: range.lowerBound,
                    prefix: range.count,
                    bytes: bytes.count,
                    frame: frame.count,
                    sha256: digest
                ),
                frame: frame
            )
        case .tensor(let at):
            let like = try old.bytes(in: at..<(at + bytes.count))
            defer { old.release(at..<(at + bytes.count)) }
            if agree(bytes, like) {
                return Made(operation: .init(op: .copy, at: at, bytes: bytes.count, sha256: digest), frame: [])
            }
            let difference = zip(bytes, like).map { $0 &- $1 }
            let frame = try difference.withUnsafeBytes { try ZstdFrame.compress($0, level: level) }
            if frame.count > bytes.count / 10 * 9 {
                let plain = try raw()
                if plain.frame.count < frame.count { return plain }
            }
            let operation = DeltaDirectory.Operation(
                op: .sub,
                at: at,
                bytes: bytes.count,
                frame: frame.count,
                sha256: digest
            )
            return Made(operation: operation, frame: frame)
        }
    }
}
