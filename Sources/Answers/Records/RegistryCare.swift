import BinaryIO
import GGUF
import Registry
import SystemPackage
import Work

/// Makes registries, checks them and saves what can be saved of damaged ones. It asks for no session: opening one would
/// refuse the very registry that is to be looked at.
public enum RegistryCare {
    /// Makes an empty registry, or brings an older one up to date.
    /// - Throws: `RegistryError`, `FileError`.
    public static func initialize(_ registry: FilePath) throws {
        try ModelRegistry(path: registry, mode: .create).close()
    }

    /// Checks that everything published is there and unchanged.
    /// - Parameters:
    ///   - readData: whether every object is read and hashed too.
    ///   - sample: reads and hashes a random share of the parts instead.
    /// - Throws: `RegistryError` where it is not even a registry; what is damaged is in the report.
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
        // Where it cannot be written the marks stay, and are told.
        let returned = report.returned
        if !returned.isEmpty,
            (try? RegistrySession.with(registry, .changing) { try $0.registry.forgetDamage(of: returned) }) != nil
        {
            report.damages.removeAll { $0.kind == .lost && !Set(returned).isDisjoint(with: $0.objects) }
        }
        return report
    }

    /// Saves what can be saved of a damaged registry.
    /// - Parameters:
    ///   - copies: registries, exported folders and GGUF files that may have bytes that are missing.
    ///   - applies: whether it is done, not only said.
    /// - Throws: `RegistryError`, `FileError`; `AnswersError.badFile` for what bytes cannot be taken from.
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
        // A file that is cut short or changed still has parts; it is read by the digests of those that are missing.
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
