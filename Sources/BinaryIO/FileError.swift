import SystemPackage

/// Why bytes could not be read from or written to a file.
public struct FileError: Error, CustomStringConvertible, Sendable {
    /// The operation that failed, as a verb: "open", "write", "rename".
    public let operation: String
    /// The file that the operation was on.
    public let path: FilePath
    /// The operating system's error; nil if edgepipe found the problem itself.
    public let errno: Errno?
    private let detail: String

    /// Creates an error of the operating system; its remedy follows from its number.
    public init(_ operation: String, _ path: FilePath, errno: Errno) {
        self.operation = operation
        self.path = path
        self.errno = errno
        self.detail = "\(errno). \(Self.remedy(for: errno))"
    }

    /// Creates an error that edgepipe found itself.
    /// - Parameter detail: the reason and what to do, as sentences after a colon.
    public init(_ operation: String, _ path: FilePath, because detail: String) {
        self.operation = operation
        self.path = path
        self.errno = nil
        self.detail = detail
    }

    /// The path, what failed, why, and what to do.
    public var description: String { "\(path): cannot \(operation): \(detail)" }

    private static func remedy(for errno: Errno) -> String {
        switch errno {
        case .noSuchFileOrDirectory: "Check the path for a typing error."
        case .permissionDenied, .notPermitted: "Check the permissions of the file and its folder."
        case .noSpace: "Free some disk space and run the same command again; nothing was left half-written."
        case .diskQuotaExceeded: "The disk quota is used up; free some space and run the same command again."
        case .isDirectory: "A file was expected; give the path of a file inside this folder."
        case .readOnlyFileSystem: "Choose an output path on a writable disk."
        case .tooManyOpenFiles: "Raise the limit with `ulimit -n` and run the same command again."
        default: "Check the disk and the path, then run the same command again."
        }
    }
}

/// Runs `body` and turns an `Errno` that it throws into a `FileError` that names the operation and the path.
package func naming<Result>(_ operation: String, _ path: FilePath, _ body: () throws -> Result) throws -> Result {
    do {
        return try body()
    } catch let errno as Errno {
        throw FileError(operation, path, errno: errno)
    }
}
