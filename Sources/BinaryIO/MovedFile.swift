import SystemPackage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// Gives a complete file the name of an output; what had the name before is replaced at that moment.
///
/// Within a disk no byte is copied. `/dev/null` takes the file and keeps nothing.
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
