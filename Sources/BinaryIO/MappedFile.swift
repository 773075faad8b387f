import SystemPackage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// A whole file mapped read-only into memory; pages are read when they are first accessed.
///
/// The length is the file's length when it was opened. If another program truncates the file while it is mapped, an
/// access raises a bus error, which `MappedRanges` turns into a message that names the file. The files of edgepipe
/// itself are replaced by rename and never truncated.
public final class MappedFile: Sendable {
    /// The path as it was given.
    public let path: FilePath
    /// The file's length in bytes.
    public let count: Int
    // Nothing is written through the pointer, which is valid as long as this object.
    private nonisolated(unsafe) let base: UnsafeRawPointer?

    /// - Throws: `FileError` if the file cannot be opened, is not a regular file, or cannot be mapped.
    public init(path: FilePath) throws {
        let (descriptor, byteCount) = try openRegularFile(path)
        defer { try? descriptor.close() }
        self.path = path
        self.count = byteCount
        if count == 0 {
            base = nil
            return
        }
        let mapping = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor.rawValue, 0)
        guard let mapping, mapping != MAP_FAILED else {
            throw FileError("map", path, errno: Errno(rawValue: errno))
        }
        base = UnsafeRawPointer(mapping)
        MappedRanges.add(mapping, byteCount: count, of: path)
    }

    deinit {
        if let base {
            MappedRanges.remove(base)
            munmap(UnsafeMutableRawPointer(mutating: base), count)
        }
    }

    /// All bytes of the file. The buffer must not outlive this object.
    public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    /// The bytes of `range`, checked against the file's length. The buffer must not outlive this object.
    /// - Throws: `FileError` when the range reaches past the end of the file.
    public func bytes(in range: Range<Int>) throws -> UnsafeRawBufferPointer {
        guard range.lowerBound >= 0, range.upperBound <= count else {
            throw FileError(
                "read",
                path,
                because: "bytes \(range.lowerBound) to \(range.upperBound) were asked for but the file ends at byte "
                    + "\(count). It is truncated; fetch or make it again."
            )
        }
        return UnsafeRawBufferPointer(rebasing: bytes[range])
    }

    /// Tells the system that the pages of `range` will not be needed again soon, which bounds resident memory while a
    /// file larger than memory is read. This is only advice: the bytes stay readable.
    public func release(_ range: Range<Int>) {
        guard let base else { return }
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let lower = (range.lowerBound + page - 1) / page * page
        let upper = min(range.upperBound, count) / page * page
        guard lower < upper else { return }
        madvise(UnsafeMutableRawPointer(mutating: base + lower), upper - lower, MADV_DONTNEED)
    }

    /// Asks the system to read the pages of `range` ahead of their use.
    public func prefetch(_ range: Range<Int>) {
        guard let base else { return }
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let lower = range.lowerBound / page * page
        let upper = min(range.upperBound, count)
        guard lower < upper else { return }
        madvise(UnsafeMutableRawPointer(mutating: base + lower), upper - lower, MADV_WILLNEED)
    }
}
