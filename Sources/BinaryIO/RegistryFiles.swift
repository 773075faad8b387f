import SystemPackage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// Recognizes the files of a registry without opening the database: no output may replace one of them.
public enum RegistryFiles {
    /// "EPRG", at byte 68 of the database.
    public static let applicationID: UInt32 = 0x4550_5247
    /// `registry.db` keeps its objects in `registry.db.objects`.
    public static let objectsSuffix = ".objects"
    /// The files that SQLite keeps beside an open database.
    private static let companions = ["-wal", "-shm", "-journal"]

    /// Whether the path leads to a registry's database, to a file that SQLite keeps beside it, or into its folder of
    /// objects, however it is written and through any links. Costs a few system calls and reads 100 bytes.
    public static func protects(_ path: FilePath) -> Bool {
        let resolved = path.resolvingLinks()
        if isDatabase(resolved) { return true }
        for suffix in companions {
            if let database = removing(suffix, from: resolved), isDatabase(database) { return true }
        }
        // The folder itself, and everything below it.
        var folder = resolved
        while folder.lastComponent != nil {
            if let database = removing(objectsSuffix, from: folder), isDatabase(database) { return true }
            guard folder.removeLastComponent() else { break }
        }
        return false
    }

    /// Whether the file is a registry's database, by its header. Source: the SQLite file format, section 1.3.
    public static func isDatabase(_ path: FilePath) -> Bool {
        // Opening a FIFO must not block, and only a regular file can be a database.
        let descriptor = open(path.string, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return false }
        var header = [UInt8](repeating: 0, count: 100)
        guard pread(descriptor, &header, header.count, 0) == header.count else { return false }
        return header.starts(with: "SQLite format 3\u{0}".utf8)
            && header[68..<72].reduce(UInt32(0)) { $0 << 8 | UInt32($1) } == applicationID
    }

    private static func removing(_ suffix: String, from path: FilePath) -> FilePath? {
        guard let name = path.lastComponent?.string, name.hasSuffix(suffix), name.utf8.count > suffix.utf8.count
        else { return nil }
        return path.removingLastComponent().appending(String(name.dropLast(suffix.count)))
    }
}
