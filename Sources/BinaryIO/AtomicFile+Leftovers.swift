import SystemPackage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

extension AtomicFile {
    /// The path of the hidden sibling that is written until the commit. Its two numbers distinguish the processes, and
    /// the threads of one process, that write the same name; the last rename wins.
    static func partialPath(of path: FilePath, named name: String, process: pid_t, serial: Int) -> FilePath {
        path.removingLastComponent().appending(".\(name).\(process).\(serial).partial")
    }

    /// Removes the files that killed processes left for the same name: a process that has ended will never commit its
    /// file.
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

    /// The process in `.NAME.<process>.<serial>.partial`; nil for any other name.
    private static func process(ofPartial found: String, named name: String) -> pid_t? {
        let prefix = ".\(name)."
        let suffix = ".partial"
        guard found.hasPrefix(prefix), found.hasSuffix(suffix) else { return nil }
        let numbers = found.dropFirst(prefix.count).dropLast(suffix.count)
            .split(separator: ".", omittingEmptySubsequences: false)
        guard numbers.count == 2, Int(numbers[1]) != nil else { return nil }
        return pid_t(numbers[0]).flatMap { $0 > 0 ? $0 : nil }
    }

    private static func isGone(_ process: pid_t) -> Bool { kill(process, 0) == -1 && errno == ESRCH }
}
