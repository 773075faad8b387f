import Synchronization
import SystemPackage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// A file that becomes visible under its name only when it is complete.
///
/// Bytes go to a hidden sibling; `commit` syncs it, renames it over the final name and syncs the folder. Until then,
/// and after an error or a killed process, the old file keeps the final name. The next process that writes the same
/// name removes what a killed one left.
///
/// A symbolic link is followed, and the file it points to is replaced. `/dev/null` discards the bytes. Any other path
/// that is not a regular file is rejected, and so are the files of a registry.
public final class AtomicFile {
    /// Counts the files that this process has written, so that two threads that write the same name use different
    /// siblings.
    private static let lastSerial = Atomic(0)

    private enum State {
        case open, sealed, gone
    }

    /// The path as it was given.
    public let path: FilePath
    /// The file that is replaced, after following links; nil for `/dev/null`.
    private let target: FilePath?
    private let temporary: FilePath
    private let descriptor: FileDescriptor
    private let earlySync: EarlySync
    /// Whether an unfinished file is kept for the next attempt.
    private let keepsPartial: Bool
    private var state = State.open
    /// Number of bytes appended so far.
    public private(set) var count = 0

    /// - Parameters:
    ///   - isOfRegistry: whether the registry itself writes the file into its own folders.
    ///   - partial: the path of the unfinished file, which must be on the same disk and is kept if the file is
    ///     discarded; an existing file is overwritten in place. Nil uses a unique hidden sibling.
    /// - Throws: `FileError` if the path is not that of a file, belongs to a registry, or cannot be written.
    public init(path: FilePath, isOfRegistry: Bool = false, partial: FilePath? = nil) throws {
        self.path = path
        keepsPartial = partial != nil
        switch isOfRegistry ? .file(path) : try OutputPlace(path) {
        case .file(let file):
            target = file
            let name = file.lastComponent?.string ?? ""
            Self.removeLeftovers(of: file, named: name)
            let serial = Self.lastSerial.wrappingAdd(1, ordering: .relaxed).newValue
            temporary = partial ?? Self.partialPath(of: file, named: name, process: getpid(), serial: serial)
        case .null:
            (target, temporary) = (nil, path)
        case .stream:
            throw FileError(
                "write",
                path,
                because: "it is a pipe, a terminal or a device, and this output is not written in order. Give the path "
                    + "of a file."
            )
        }
        let options: FileDescriptor.OpenOptions =
            target == nil ? [] : partial == nil ? [.create, .truncate] : [.create, .noFollow]
        let temporary = temporary
        descriptor = try naming("create", path) {
            try FileDescriptor.open(
                temporary,
                .readWrite,
                options: options,
                permissions: [.ownerReadWrite, .groupRead, .otherRead]
            )
        }
        earlySync = EarlySync(descriptor)
    }

    deinit { discard() }

    /// Reserves disk space, so that a full disk is reported before hours of work instead of after them.
    /// - Throws: `FileError` if the disk has no room.
    public func reserve(byteCount: Int) throws {
        guard target != nil else { return }
        #if canImport(Glibc)
            let result = posix_fallocate(descriptor.rawValue, 0, off_t(byteCount))
            // Some file systems lack this call; there the write itself fails on a full disk.
            if result != 0, result != EOPNOTSUPP, result != EINVAL {
                throw FileError("reserve \(byteCount) bytes for", path, errno: Errno(rawValue: result))
            }
        #endif
    }

    /// Appends bytes.
    public func write(_ bytes: UnsafeRawBufferPointer) throws {
        try naming("write", path) { _ = try descriptor.writeAll(toAbsoluteOffset: Int64(count), bytes) }
        count += bytes.count
        earlySync.note(byteCount: bytes.count)
    }

    /// Appends bytes.
    /// - Throws: `FileError`.
    public func write(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { try write($0) }
    }

    /// Overwrites bytes at an offset that was already written or is in a reserved region. Safe to call from several
    /// threads at once for disjoint ranges.
    public func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws {
        try naming("write", path) { _ = try descriptor.writeAll(toAbsoluteOffset: Int64(offset), bytes) }
        earlySync.note(byteCount: bytes.count)
    }

    /// Sets the file's final length after writes at explicit offsets.
    public func finish(byteCount: Int) throws {
        guard target == nil || ftruncate(descriptor.rawValue, off_t(byteCount)) == 0 else {
            throw FileError("set the length of", path, errno: Errno(rawValue: errno))
        }
        count = byteCount
    }

    /// Makes the file durable but not yet visible; nothing can be written to it after this.
    public func seal() throws {
        guard state == .open else { return }
        try naming("sync", path) {
            try earlySync.finish()
            if target != nil { try synchronize(descriptor) }
        }
        state = .sealed
        try naming("close", path) { try descriptor.close() }
    }

    /// Makes the file durable and visible under its name.
    public func commit() throws {
        try seal()
        guard state == .sealed else { return }
        state = .gone
        guard let target else { return }
        guard rename(temporary.string, target.string) == 0 else {
            let reason = Errno(rawValue: errno)
            unlink(temporary.string)
            throw FileError("rename into place", path, errno: reason)
        }
        try synchronizeFolder(of: target)
    }

    /// Discards the unfinished file and removes it, unless it is kept for the next attempt.
    public func discard() {
        if state == .open {
            try? earlySync.finish()
            try? descriptor.close()
        }
        if state != .gone, target != nil, !keepsPartial { unlink(temporary.string) }
        state = .gone
    }
}

/// Writes a whole small file atomically; a pipe, a terminal or `/dev/stdout` gets the bytes directly.
/// - Parameter isOfRegistry: whether the registry itself writes the file into its own folders.
public func writeFile(_ bytes: some Sequence<UInt8>, to path: FilePath, isOfRegistry: Bool = false) throws {
    if !isOfRegistry, case .stream(let stream) = try OutputPlace(path) {
        return try naming("write", path) {
            let descriptor = try FileDescriptor.open(stream, .writeOnly)
            try descriptor.closeAfter { _ = try descriptor.writeAll(bytes) }
        }
    }
    let file = try AtomicFile(path: path, isOfRegistry: isOfRegistry)
    try file.write(Array(bytes))
    try file.commit()
}

/// Waits until the file's bytes are on the disk. Apple systems need `F_FULLFSYNC`, because `fsync` does not flush the
/// drive's cache.
package func synchronize(_ descriptor: FileDescriptor) throws {
    #if canImport(Darwin)
        if fcntl(descriptor.rawValue, F_FULLFSYNC) == 0 { return }
    #endif
    guard fsync(descriptor.rawValue) == 0 else { throw Errno(rawValue: errno) }
}

/// Waits until the folder's entry for `path` is on the disk.
public func synchronizeFolder(of path: FilePath) throws {
    let parent = path.removingLastComponent()
    let folder = parent.isEmpty ? FilePath(".") : parent
    let descriptor = try naming("open", folder) { try FileDescriptor.open(folder, .readOnly) }
    defer { try? descriptor.close() }
    // Some file systems cannot sync a folder; they order renames by themselves.
    do { try synchronize(descriptor) } catch Errno.invalidArgument {} catch Errno.notSupported {}
}
