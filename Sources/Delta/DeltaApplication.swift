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

/// Makes a new file from an old one and a delta.
///
/// Operations run in the order of the new file. Each result is verified by its SHA-256 and written to a hidden file
/// beside the output, so that an interrupted call resumes after the last complete operation. The old file is only read.
/// The output appears by rename after the SHA-256 of the whole new file was verified. The longest operation bounds the
/// memory.
public struct DeltaApplication: Sendable {
    /// The file that the delta was made from.
    public var old: FilePath
    /// The delta.
    public var delta: FilePath
    /// The file to write; it may be the old one, which is then replaced at the end.
    public var output: FilePath

    /// The result of applying a delta.
    public struct Report: Encodable, Sendable {
        /// The path of the new file.
        public var output: String
        /// Size of the new file, in bytes.
        public var bytes: Int
        /// SHA-256 of the new file, verified.
        public var sha256: SHA256Digest
        /// Bytes of the new file that an earlier call had left.
        public var resumedBytes: Int
    }

    /// Creates a value from its parts; each parameter is documented on its property.
    public init(_ delta: FilePath, to old: FilePath, output: FilePath) {
        (self.old, self.delta, self.output) = (old, delta, output)
    }

    /// - Throws: `DeltaError`, `FileError`, errors of `progress`; the output is then unchanged.
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
            // The result of a wrong delta is useless, unlike that of an interrupted call.
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

    /// The digest of some bytes, while another thread adds them to the digest of the whole file: hashing is most of the
    /// work.
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
            // Works in slabs, so that the old bytes need no second buffer of this length.
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

    /// Checks the old file after a failure: if it is not the expected file, it is the cause.
    private func checkSource(_ directory: DeltaDirectory) throws {
        guard try SHA256Digest(ofFile: old) != directory.old.sha256 else { return }
        throw DeltaError.otherFile(old, expected: directory.old.sha256)
    }
}
