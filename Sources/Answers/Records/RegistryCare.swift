import BinaryIO
import GGUF
import Registry
import SystemPackage
import Work

/// Creates registries, checks them and repairs damaged ones. It needs no session, because a session would reject the
/// very registry that is to be checked.
public enum RegistryCare {
    /// Creates an empty registry, or migrates an older one.
    /// - Throws: `RegistryError`, `FileError`.
    public static func initialize(_ registry: FilePath) throws {
        try ModelRegistry(path: registry, mode: .create).close()
    }

    /// Checks that everything published is present and unchanged.
    /// - Parameters:
    ///   - readData: whether every object is also read and hashed.
    ///   - sample: the random share of the parts that is read and hashed instead.
    /// - Throws: `RegistryError` if the path is not even a registry; the report lists what is damaged.
    public static func verify(
        _ registry: FilePath,
        readData: Bool,
        sample: VerificationSample? = nil,
        progress: @escaping WorkProgress
    ) throws -> VerificationReport {
        let reader = try ModelRegistry(path: registry, mode: .readOnly, checksDatabase: false)
        var report: VerificationReport
        do {
            defer { try? reader.close() }
            if let sample {
                report = try reader.verify(sample: sample) { done, total in try progress("verifying", done, total) }
            } else {
                report = try reader.verify(readData: readData) { done, total in try progress("verifying", done, total) }
            }
        }
        // If the registry is not writable, the marks are kept and reported.
        let returned = report.returned
        if !returned.isEmpty,
            (try? RegistrySession.with(registry, .changing) { try $0.registry.forgetDamage(of: returned) }) != nil
        {
            report.damages.removeAll { $0.kind == .lost && !Set(returned).isDisjoint(with: $0.objects) }
        }
        return report
    }

    /// Repairs a damaged registry.
    /// - Parameters:
    ///   - copies: registries, exported folders and GGUF files that may have the missing bytes.
    ///   - applies: whether the repair is done, not only listed.
    /// - Throws: `RegistryError`, `FileError`; `AnswersError.badFile` for a copy whose bytes cannot be used.
    public static func repair(
        _ path: FilePath,
        from copies: [FilePath] = [],
        applies: Bool,
        progress: @escaping WorkProgress
    ) throws -> RepairReport {
        let sources = try copies.map(source)
        defer { for case .registry(let registry) in sources { try? registry.close() } }
        let registry = try ModelRegistry(path: path, mode: applies ? .openExisting : .readOnly, checksDatabase: false)
        defer { try? registry.close() }
        return try registry.repair(from: sources, applies: applies) { done, total in
            try progress("repairing", done, total)
        }
    }

    private static func source(_ path: FilePath) throws -> RepairSource {
        guard let status = FileStatus(path) else {
            throw AnswersError.badFile("\(path): there is nothing to take bytes from. Check the path.")
        }
        if status.isFolder {
            let blobs = path.appending("blobs").appending("sha256")
            guard FileStatus(blobs)?.isFolder == true else {
                throw AnswersError.badFile("\(path): this folder was not exported from a registry. Give one that was.")
            }
            return .blobs(blobs)
        }
        // A truncated or changed file still has parts; it is searched for the digests of the missing ones.
        if try isGGUF(path) {
            let boundaries = (try? GGUFFile(path: path).boundaries) ?? []
            return .file(path, cuts: boundaries.map { PartCut(offset: $0.offset, elementBytes: $0.elementBytes) })
        }
        return .registry(try ModelRegistry(path: path, mode: .readOnly))
    }

    private static func isGGUF(_ path: FilePath) throws -> Bool {
        let (file, byteCount) = try openRegularFile(path)
        defer { try? file.close() }
        var magic: [UInt8] = [0, 0, 0, 0]
        guard byteCount >= magic.count else { return false }
        let count = try naming("read", path) { try magic.withUnsafeMutableBytes { try file.read(into: $0) } }
        return count == magic.count && magic == Array("GGUF".utf8)
    }
}
