import SystemPackage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// What the system says of a file without reading it.
public struct FileStatus: Equatable, Sendable {
    /// What a path leads to.
    public enum Kind: Sendable {
        case file, folder, pipe, socket
        /// A device that is read or written as a stream of bytes, such as a terminal or `/dev/null`.
        case device
        /// A device of blocks.
        case disk

        init(mode: mode_t) {
            self =
                switch mode & S_IFMT {
                case S_IFREG: .file
                case S_IFDIR: .folder
                case S_IFIFO: .pipe
                case S_IFSOCK: .socket
                case S_IFBLK: .disk
                default: .device
                }
        }
    }

    /// In bytes.
    public let byteCount: Int
    /// When it was last changed, in nanoseconds since 1970.
    public let modified: Int
    /// What kind of file it is.
    public let kind: Kind
    /// Whether it is a folder.
    public var isFolder: Bool { kind == .folder }

    /// - Returns: nil where there is no such file.
    public init?(_ path: FilePath) {
        var status = stat()
        guard stat(path.string, &status) == 0 else { return nil }
        self.init(status)
    }

    /// - Returns: nil for a descriptor that is not open.
    public init?(_ descriptor: FileDescriptor) {
        var status = stat()
        guard fstat(descriptor.rawValue, &status) == 0 else { return nil }
        self.init(status)
    }

    private init(_ status: stat) {
        byteCount = Int(status.st_size)
        #if canImport(Darwin)
            let time = status.st_mtimespec
        #else
            let time = status.st_mtim
        #endif
        modified = Int(time.tv_sec) * 1_000_000_000 + Int(time.tv_nsec)
        kind = Kind(mode: status.st_mode)
    }
}

/// Makes a folder and those above it.
/// - Throws: `FileError`.
public func makeFolder(_ path: FilePath) throws {
    // What a plain name of a file stands in is the current folder.
    guard !path.isEmpty else { return }
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
