import SystemPackage

/// Why an output cannot be written, found before the work begins.
public enum OutputError: Error, Equatable, CustomStringConvertible, Sendable {
    /// The output would replace an input: it is written beside its name and then renamed.
    case replacesInput(FilePath)
    /// The disk has too little room; both numbers in bytes.
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

/// Checks that an output can be written, before hours of work.
/// - Parameter inputs: files that must not be replaced, however their paths are written.
/// - Throws: `FileError`; `OutputError.replacesInput`.
public func checkOutput(_ path: FilePath, replacing inputs: [FilePath] = []) throws {
    if let identity = fileIdentity(path), inputs.contains(where: { fileIdentity($0) == identity }) {
        throw OutputError.replacesInput(path)
    }
    _ = try OutputPlace(path)
}

/// Compares the size of an output with the free space of its disk; a disk with unknown free space is not checked.
/// - Throws: `OutputError.diskFull`.
public func checkSpace(for byteCount: Int, at path: FilePath) throws {
    guard let free = freeDiskBytes(at: path), free < byteCount else { return }
    throw OutputError.diskFull(path, needed: byteCount, free: free)
}
