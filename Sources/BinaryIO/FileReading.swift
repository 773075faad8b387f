import SystemPackage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// Reads a file from start to end in slabs of one mebibyte.
/// - Throws: `FileError`, and whatever `body` throws.
public func forEachSlab(of path: FilePath, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    let descriptor = try naming("open", path) { try FileDescriptor.open(path, .readOnly) }
    defer { try? descriptor.close() }
    let slab = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
    defer { slab.deallocate() }
    while true {
        let count = try naming("read", path) { try descriptor.read(into: slab) }
        if count == 0 { return }
        try body(UnsafeRawBufferPointer(rebasing: slab[..<count]))
    }
}

/// The whole of a small file.
/// - Parameter limit: the most bytes accepted, so that a hostile path cannot exhaust memory.
/// - Throws: `FileError` when the file cannot be read or is larger than `limit`.
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

/// Which file a path leads to, whatever way it is written; nil where there is none.
public func fileIdentity(_ path: FilePath) -> FileIdentity? {
    var status = stat()
    guard stat(path.string, &status) == 0 else { return nil }
    return FileIdentity(device: UInt64(truncatingIfNeeded: status.st_dev), number: UInt64(status.st_ino))
}

/// A file as the system knows it.
public struct FileIdentity: Equatable, Sendable {
    let device: UInt64
    let number: UInt64
}
