import BinaryIO
import GGUF
import Registry
import SystemPackage
import Work

extension Operations {
    /// Saves what can be saved of a damaged registry.
    /// - Parameters:
    ///   - copies: registries, exported folders and GGUF files that may have bytes that are missing.
    ///   - applies: whether it is done, not only said.
    public static func repair(
        _ path: FilePath,
        from copies: [FilePath] = [],
        applies: Bool,
        progress: @escaping WorkProgress
    ) throws -> RepairReport {
        let sources = try copies.map(repairSource)
        defer { for case .registry(let registry) in sources { try? registry.close() } }
        let registry = try ModelRegistry(path: path, mode: applies ? .openExisting : .readOnly, checksDatabase: false)
        defer { try? registry.close() }
        return try registry.repair(from: sources, applies: applies) { done, total in
            try progress("repairing", done, total)
        }
    }

    private static func repairSource(_ path: FilePath) throws -> RepairSource {
        guard let status = FileStatus(path) else {
            throw PipelineError.badFile("\(path): there is nothing to take bytes from. Check the path.")
        }
        if status.isFolder {
            let blobs = path.appending("blobs").appending("sha256")
            guard FileStatus(blobs)?.isFolder == true else {
                throw PipelineError.badFile(
                    "\(path): this folder was not exported from a registry. Give one that was."
                )
            }
            return .blobs(blobs)
        }
        var magic: [UInt8] = [0, 0, 0, 0]
        let input = try RegistryTar.open(path)
        defer { try? input.close() }
        _ = try magic.withUnsafeMutableBytes { try RegistryTar.read(input, at: 0, into: $0, path) }
        // A file that is cut short or changed still has parts; it is read by the digests of those that are missing.
        if magic == Array("GGUF".utf8) { return .file(path, cuts: (try? GGUFFile(path: path).partCuts) ?? []) }
        return .registry(try ModelRegistry(path: path, mode: .readOnly))
    }
}
