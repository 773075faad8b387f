import SystemPackage

/// Why an output cannot be written, found before the work for it begins.
public enum OutputError: Error, Equatable, CustomStringConvertible, Sendable {
    /// A file is written beside its name and renamed, which would take away the one that it is made from.
    case replacesInput(FilePath)
    /// Both in bytes.
    case diskFull(FilePath, needed: Int, free: Int)

    /// One sentence with the path and what to do.
    public var description: String {
        switch self {
        case .replacesInput(let path): "\(path): this output is an input too. Choose another output path."
        case .diskFull(let path, let needed, let free):
            "\(path): this takes about \(decimalSize(needed)) and the disk has \(decimalSize(free)) free. Free some space, "
                + "or give a path on another disk."
        }
    }
}

/// Finds before hours of work that an output cannot go where it should.
/// - Parameter inputs: files that must not be replaced, however their paths are written.
/// - Throws: `FileError`; `OutputError.replacesInput`.
public func checkOutput(_ path: FilePath, replacing inputs: [FilePath] = []) throws {
    if let identity = fileIdentity(path), inputs.contains(where: { fileIdentity($0) == identity }) {
        throw OutputError.replacesInput(path)
    }
    _ = try OutputPlace(path)
}

/// Compares what an output takes with what its disk has free; a disk that does not say is not asked.
/// - Throws: `OutputError.diskFull`.
public func checkSpace(for byteCount: Int, at path: FilePath) throws {
    guard let free = freeDiskBytes(at: path), free < byteCount else { return }
    throw OutputError.diskFull(path, needed: byteCount, free: free)
}
