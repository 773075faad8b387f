import SystemPackage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

extension AtomicFile {
    /// The hidden sibling that a process writes until it commits. Its number keeps two processes that write the same
    /// name apart; whoever renames last wins.
    static func partialPath(of path: FilePath, named name: String, process: pid_t) -> FilePath {
        path.removingLastComponent().appending(".\(name).\(process).partial")
    }

    /// Removes what killed processes left of the same file: a process that is gone will never commit it.
    static func removeLeftovers(of path: FilePath, named name: String) {
        let folder = path.removingLastComponent()
        guard let stream = opendir(folder.isEmpty ? "." : folder.string) else { return }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let found = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard let process = process(ofPartial: found, named: name), isGone(process) else { continue }
            unlink(folder.appending(found).string)
        }
    }

    /// The number in `.NAME.<number>.partial`, or nil for any other file.
    private static func process(ofPartial found: String, named name: String) -> pid_t? {
        let prefix = ".\(name)."
        let suffix = ".partial"
        guard found.hasPrefix(prefix), found.hasSuffix(suffix) else { return nil }
        let digits = found.utf8.dropFirst(prefix.utf8.count).dropLast(suffix.utf8.count)
        guard digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
        return pid_t(String(decoding: digits, as: UTF8.self)).flatMap { $0 > 0 ? $0 : nil }
    }

    private static func isGone(_ process: pid_t) -> Bool { kill(process, 0) == -1 && errno == ESRCH }
}
