import SystemPackage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// The destination of bytes that are written to a path, after following symbolic links.
///
/// A link is kept: the file it points to is replaced, or created if the link dangles. Only a file, or a link to one, is
/// ever replaced, and never a file of a registry.
enum OutputPlace: Equatable {
    /// A file, existing or not, that is replaced as a whole.
    case file(FilePath)
    /// `/dev/null`, which accepts bytes in any order and discards them.
    case null
    /// A pipe, a terminal or an open file of this process, which takes bytes in order.
    case stream(FilePath)

    /// - Throws: `FileError` for a folder, a path without a file name, circular links, disks, sockets and files of a
    ///   registry.
    init(_ path: FilePath) throws {
        guard path.lastComponent?.kind == .regular else {
            throw FileError("write", path, because: "the path names no file. Give the path of a file.")
        }
        if Self.isOpenFile(path) {
            self = .stream(path)
            return
        }
        switch FileStatus(path)?.kind {
        case nil, .file:
            let file = path.resolvingLinks()
            var status = stat()
            guard lstat(file.string, &status) != 0 || status.st_mode & S_IFMT != S_IFLNK else {
                throw FileError("write", path, because: "its symbolic links lead in a circle. Give the path of a file.")
            }
            guard !RegistryFiles.protects(file) else {
                throw FileError(
                    "write",
                    path,
                    because: "it belongs to a registry, whose builds would be lost. Choose another path."
                )
            }
            self = .file(file)
        // Found now instead of at the rename, when the work is done and other files of it may be in place already.
        case .folder: throw FileError("write", path, errno: .isDirectory)
        case .pipe: self = .stream(path)
        case .device: self = Self.isNull(path) ? .null : .stream(path)
        case .disk, .socket:
            throw FileError("write", path, because: "it is a disk or a socket, not a file. Give the path of a file.")
        }
    }

    /// Whether the path names a descriptor of this process, such as `/dev/stdout`.
    private static func isOpenFile(_ path: FilePath) -> Bool {
        let text = path.string
        return ["/dev/stdout", "/dev/stderr"].contains(text) || text.hasPrefix("/dev/fd/")
            || text.hasPrefix("/proc/self/fd/")
    }

    private static func isNull(_ path: FilePath) -> Bool {
        var own = stat()
        var null = stat()
        return stat(path.string, &own) == 0 && stat("/dev/null", &null) == 0 && own.st_rdev == null.st_rdev
    }
}
