import SystemPackage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// A folder that is removed, with the files in it, when the value goes.
public final class TemporaryFolder: Sendable {
    public let path: FilePath

    public init() throws {
        var template = Array("\(FilePath(Self.root).appending("edgepipe-XXXXXX"))".utf8CString)
        guard mkdtemp(&template) != nil else { throw Errno(rawValue: errno) }
        path = FilePath(template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) })
    }

    deinit {
        if let folder = opendir(path.string) {
            while let entry = readdir(folder) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                unlink(path.appending(name).string)
            }
            closedir(folder)
        }
        rmdir(path.string)
    }

    private static var root: String { getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp" }
}
