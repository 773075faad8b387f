import SystemPackage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// What the system says of a file without reading it.
public struct FileStatus: Equatable, Sendable {
    /// In bytes.
    public let byteCount: Int
    /// When it was last changed, in nanoseconds since 1970.
    public let modified: Int
    public let isFolder: Bool

    /// - Returns: nil where there is no such file.
    public init?(_ path: FilePath) {
        var status = stat()
        guard stat(path.string, &status) == 0 else { return nil }
        byteCount = Int(status.st_size)
        #if canImport(Darwin)
            let time = status.st_mtimespec
        #else
            let time = status.st_mtim
        #endif
        modified = Int(time.tv_sec) * 1_000_000_000 + Int(time.tv_nsec)
        isFolder = status.st_mode & S_IFMT == S_IFDIR
    }
}

/// Makes a folder and those above it.
/// - Throws: `FileError`.
public func makeFolder(_ path: FilePath) throws {
    var folder = FilePath(root: path.root)
    for component in path.components {
        folder.append(component)
        if mkdir(folder.string, 0o755) != 0, errno != EEXIST {
            let reason = Errno(rawValue: errno)
            // A folder above may be there without leave to make one in it.
            guard FileStatus(folder)?.isFolder == true else { throw FileError("create", folder, errno: reason) }
        }
    }
    guard FileStatus(path)?.isFolder == true else { throw FileError("create", path, errno: .notDirectory) }
}

/// Bytes that may still be written to the disk that holds `path`, or its nearest folder that exists; nil where unknown.
public func freeDiskBytes(at path: FilePath) -> Int? {
    var folder = path
    while FileStatus(folder) == nil, !folder.isEmpty, folder.removeLastComponent() {}
    var status = statvfs()
    guard statvfs(folder.isEmpty ? "." : folder.string, &status) == 0 else { return nil }
    return Int(status.f_bavail) * Int(status.f_frsize)
}
