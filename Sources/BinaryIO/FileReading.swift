import SystemPackage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// Opens a regular file for reading, without blocking. Other kinds are rejected: opening a pipe would block until
/// somebody writes to it, and a device such as `/dev/zero` never ends.
/// - Parameter options: additional options for opening, such as `.noFollow`.
/// - Throws: `FileError` if the path is not a regular file, or cannot be opened.
package func openRegularFile(
    _ path: FilePath,
    options: FileDescriptor.OpenOptions = []
) throws -> (descriptor: FileDescriptor, byteCount: Int) {
    let descriptor = try naming("open", path) {
        try FileDescriptor.open(path, .readOnly, options: options.union([.nonBlocking, .closeOnExec]))
    }
    do {
        guard let status = FileStatus(descriptor) else { throw FileError("open", path, errno: Errno(rawValue: errno)) }
        switch status.kind {
        case .file: return (descriptor, status.byteCount)
        case .folder: throw FileError("open", path, errno: .isDirectory)
        case .pipe, .device, .disk, .socket:
            throw FileError(
                "open",
                path,
                because:
                    "it is a \(status.kind), and a regular file is needed. Save its content to a file and give that."
            )
        }
    } catch {
        try? descriptor.close()
        throw error
    }
}

/// Reads a regular file from start to end in slabs of one mebibyte.
/// - Throws: `FileError`, and errors of `body`.
public func forEachSlab(of path: FilePath, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    let (descriptor, _) = try openRegularFile(path)
    defer { try? descriptor.close() }
    let slab = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
    defer { slab.deallocate() }
    while true {
        let count = try naming("read", path) { try descriptor.read(into: slab) }
        if count == 0 { return }
        try body(UnsafeRawBufferPointer(rebasing: slab[..<count]))
    }
}

extension FileDescriptor {
    /// Reads a range of an open file.
    /// - Throws: `FileError`, also if the file ends before the range does.
    package func bytes(_ range: Range<Int>, of path: FilePath) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: range.count)
        try bytes.withUnsafeMutableBytes { try read(range.lowerBound, of: path, into: $0) }
        return bytes
    }

    /// Fills a buffer from an open file, starting at byte `offset`.
    /// - Throws: the errors of `bytes`.
    package func read(_ offset: Int, of path: FilePath, into buffer: UnsafeMutableRawBufferPointer) throws {
        var done = 0
        while done < buffer.count {
            let count = try naming("read", path) {
                try read(
                    fromAbsoluteOffset: Int64(offset + done),
                    into: UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
                )
            }
            guard count > 0 else { throw FileError("read", path, because: "it became shorter while it was read.") }
            done += count
        }
    }
}

/// Reads a whole small file.
/// - Parameter limit: the most bytes to accept, so that a hostile path cannot exhaust memory.
/// - Throws: `FileError` if the file cannot be read or is larger than `limit`.
public func readFile(_ path: FilePath, limit: Int) throws -> [UInt8] {
    var bytes: [UInt8] = []
    try forEachSlab(of: path) { slab in
        guard bytes.count + slab.count <= limit else {
            throw FileError(
                "read",
                path,
                because: "it is larger than \(limit) bytes, the most expected of such a file."
            )
        }
        bytes.append(contentsOf: slab)
    }
    return bytes
}

/// The identity of the file at a path, however the path is written; nil if there is none.
public func fileIdentity(_ path: FilePath) -> FileIdentity? {
    var status = stat()
    guard stat(path.string, &status) == 0 else { return nil }
    return FileIdentity(device: UInt64(truncatingIfNeeded: status.st_dev), number: UInt64(status.st_ino))
}

/// The identity of a file in the system: two paths to the same file have equal identities.
public struct FileIdentity: Equatable, Sendable {
    let device: UInt64
    let number: UInt64
}
