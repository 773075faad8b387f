import SystemPackage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// Moves a complete file to the path of an output, and atomically replaces an existing file there.
///
/// No bytes are copied within a disk. `/dev/null` discards the file.
/// - Throws: `FileError`.
public func moveFile(_ path: FilePath, to output: FilePath) throws {
    guard case .file(let target) = try OutputPlace(output) else {
        try copyFile(path, to: output)
        return
    }
    if rename(path.string, target.string) == 0 { return try synchronizeFolder(of: target) }
    guard errno == EXDEV else { throw FileError("rename into place", output, errno: Errno(rawValue: errno)) }
    try copyFile(path, to: output)
    unlink(path.string)
}

private func copyFile(_ path: FilePath, to output: FilePath) throws {
    let bytes = try MappedFile(path: path)
    let file = try AtomicFile(path: output)
    let step = 1 << 24
    for start in stride(from: 0, to: bytes.count, by: step) {
        try file.write(try bytes.bytes(in: start..<min(start + step, bytes.count)))
    }
    try file.commit()
}
