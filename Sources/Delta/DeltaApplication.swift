import BinaryIO
import Synchronization
import SystemPackage
import Work
import Zstd

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// Makes the new file out of the old one and a delta.
///
/// Operations are done in the order of the new file, each held against its SHA-256, into a hidden file beside the output. Whoever
/// is cut off finds there what was done, and resumes behind the last operation that is whole. The old file is only read, and the
/// output appears by rename when all of it was held against the new file's SHA-256. Memory is bounded by the longest operation.
public struct DeltaApplication: Sendable {
    /// The file that the delta was made from.
    public var old: FilePath
    /// The delta.
    public var delta: FilePath
    /// The file to write; it may be the old one, which is replaced at the end.
    public var output: FilePath

    /// What came of it. Bytes.
    public struct Report: Encodable, Sendable {
        /// Where the new file is.
        public var output: String
        /// Its length.
        public var bytes: Int
        /// Its digest, which was compared.
        public var sha256: SHA256Digest
        /// How much of it an earlier call had left.
        public var resumedBytes: Int
    }

    /// Every value is as its property describes it.
    public init(_ delta: FilePath, to old: FilePath, output: FilePath) {
        (self.old, self.delta, self.output) = (old, delta, output)
    }

    /// - Throws: `DeltaError`, `FileError`, and what `progress` throws; then the output is as it was.
    public func run(_ progress: (Int, Int) throws -> Void = { _, _ in }) throws -> Report {
        try checkOutput(output, replacing: [delta])
        let target = output.followingLastLink()
        let (frames, frameEnd) = try openRegularFile(delta)
        defer { try? frames.close() }
        let (directory, begin) = try DeltaDirectory.read(frames, delta, byteCount: frameEnd)
        let (source, sourceBytes) = try openRegularFile(old)
        defer { try? source.close() }
        guard sourceBytes == directory.old.bytes else {
            throw DeltaError.otherFile(old, expected: directory.old.sha256)
        }
        let partial = try PartialFile(of: target, named: directory.new.sha256)
        do {
            let resumed = try write(directory, frames, from: begin, source, partial, progress)
            try partial.commit(to: target)
            return Report(
                output: output.string,
                bytes: directory.new.bytes,
                sha256: directory.new.sha256,
                resumedBytes: resumed
            )
        } catch let error as DeltaError {
            // What a wrong delta made is of no use; what an interrupted call made is.
            partial.discard()
            throw error
        }
    }

    private func write(
        _ directory: DeltaDirectory,
        _ frames: FileDescriptor,
        from begin: Int,
        _ source: FileDescriptor,
        _ partial: PartialFile,
        _ progress: (Int, Int) throws -> Void
    ) throws -> Int {
        var (frame, place, resumed) = (begin, 0, 0)
        var resumes = true
        let whole = Mutex(SHA256Hasher())
        let longest = directory.operations.lazy.map(\.bytes).max() ?? 0
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, longest), alignment: 64)
        defer { buffer.deallocate() }
        for (index, operation) in directory.operations.enumerated() {
            let bytes = UnsafeMutableRawBufferPointer(rebasing: buffer[..<operation.bytes])
            resumes = try resumes && partial.read(place, into: bytes, expecting: operation.sha256)
            if resumes {
                whole.withLock { $0.update(UnsafeRawBufferPointer(bytes)) }
                resumed += bytes.count
            } else {
                do {
                    try fill(bytes, operation, frames, at: frame, source)
                } catch let error as ZstdError {
                    try checkSource(directory)
                    throw DeltaError.damaged(delta, detail: "operation \(index): \(error)")
                }
                guard try Self.digest(of: UnsafeRawBufferPointer(bytes), adding: whole) == operation.sha256 else {
                    try checkSource(directory)
                    throw DeltaError.damaged(delta, detail: "operation \(index) does not give what it promises")
                }
                try partial.write(UnsafeRawBufferPointer(bytes), at: place)
            }
            place += operation.bytes
            frame += operation.frame ?? 0
            try progress(place, directory.new.bytes)
        }
        guard whole.withLock({ $0.finalize() }) == directory.new.sha256 else {
            throw DeltaError.damaged(delta, detail: "what it gives is not the new file")
        }
        try partial.finish(byteCount: place)
        return resumed
    }

    /// The digest of some bytes, while another thread adds them to the digest of the whole file: hashing is most of the work.
    private static func digest(of bytes: UnsafeRawBufferPointer, adding whole: borrowing Mutex<SHA256Hasher>) throws
        -> SHA256Digest
    {
        nonisolated(unsafe) let bytes = bytes
        let digests = try [false, true].concurrentMap(threads: 2) { isWhole -> SHA256Digest? in
            guard isWhole else { return SHA256Digest(of: bytes) }
            whole.withLock { $0.update(bytes) }
            return nil
        }
        guard let digest = digests.compactMap({ $0 }).first else { preconditionFailure("one of two gives a digest") }
        return digest
    }

    private func fill(
        _ bytes: UnsafeMutableRawBufferPointer,
        _ operation: DeltaDirectory.Operation,
        _ frames: FileDescriptor,
        at offset: Int,
        _ source: FileDescriptor
    ) throws {
        func frame() throws -> [UInt8] { try frames.bytes(offset..<(offset + (operation.frame ?? 0)), of: delta) }
        let at = operation.at ?? 0
        switch operation.op {
        case .copy: try source.read(at, of: old, into: bytes)
        case .raw: try frame().withUnsafeBytes { try ZstdFrame.decompress($0, into: bytes) }
        case .sub:
            try frame().withUnsafeBytes { try ZstdFrame.decompress($0, into: bytes) }
            // In slabs, so that the old bytes take no second buffer of this length.
            for start in stride(from: 0, to: bytes.count, by: 1 << 18) {
                let range = start..<min(start + 1 << 18, bytes.count)
                let slab = try source.bytes((at + range.lowerBound)..<(at + range.upperBound), of: old)
                for (index, byte) in zip(range, slab) { bytes[index] = bytes[index] &+ byte }
            }
        case .patch:
            let prefix = try source.bytes(at..<(at + (operation.prefix ?? 0)), of: old)
            try prefix.withUnsafeBytes { prefix in
                try frame().withUnsafeBytes { try ZstdFrame.decompress($0, into: bytes, prefix: prefix) }
            }
        }
    }

    /// Where something is wrong, the old file may be: then it is to blame.
    private func checkSource(_ directory: DeltaDirectory) throws {
        guard try SHA256Digest(ofFile: old) != directory.old.sha256 else { return }
        throw DeltaError.otherFile(old, expected: directory.old.sha256)
    }
}
