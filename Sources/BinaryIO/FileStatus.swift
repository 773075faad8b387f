import SystemPackage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// The metadata of a file, from the system.
public struct FileStatus: Equatable, Sendable {
    /// The kind of a file.
    public enum Kind: Sendable {
        case file, folder, pipe, socket
        /// A character device, such as a terminal or `/dev/null`.
        case device
        /// A block device.
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

    /// Size in bytes.
    public let byteCount: Int
    /// When the file was last changed, in nanoseconds since 1970.
    public let modified: Int
    /// The kind of the file.
    public let kind: Kind
    /// Whether it is a folder.
    public var isFolder: Bool { kind == .folder }

    /// - Returns: nil if there is no such file.
    public init?(_ path: FilePath) {
        var status = stat()
        guard stat(path.string, &status) == 0 else { return nil }
        self.init(status)
    }

    /// - Returns: nil if the descriptor is not open.
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

/// Creates a folder and its parents.
/// - Throws: `FileError`.
public func makeFolder(_ path: FilePath) throws {
    // The parent of a plain file name is the current folder.
    guard !path.isEmpty else { return }
    var folder = FilePath(root: path.root)
    for component in path.components {
        folder.append(component)
        if mkdir(folder.string, 0o755) != 0, errno != EEXIST {
            let reason = Errno(rawValue: errno)
            // A parent may exist without permission to create a folder in it.
            guard FileStatus(folder)?.isFolder == true else { throw FileError("create", folder, errno: reason) }
        }
    }
    guard FileStatus(path)?.isFolder == true else { throw FileError("create", path, errno: .notDirectory) }
}

/// The free bytes on the disk of `path`, or of its nearest existing parent; nil if unknown.
public func freeDiskBytes(at path: FilePath) -> Int? {
    var folder = path
    while FileStatus(folder) == nil, !folder.isEmpty, folder.removeLastComponent() {}
    var status = statvfs()
    guard statvfs(folder.isEmpty ? "." : folder.string, &status) == 0 else { return nil }
    return Int(status.f_bavail) * Int(status.f_frsize)
}
