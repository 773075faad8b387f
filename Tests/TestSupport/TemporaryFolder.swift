import Foundation
import SystemPackage

/// A folder that is removed, with all that is in it, when the value goes.
public final class TemporaryFolder: Sendable {
    public let path: FilePath

    public init() throws {
        let root = FilePath(FileManager.default.temporaryDirectory.path)
        var template = Array(root.appending("edgepipe-XXXXXX").string.utf8CString)
        guard mkdtemp(&template) != nil else { throw Errno(rawValue: errno) }
        path = FilePath(template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) })
    }

    deinit { try? FileManager.default.removeItem(atPath: path.string) }

    /// Writes a file without syncing it, which would be most of a test's time.
    @discardableResult
    public func write(_ bytes: some Sequence<UInt8>, to name: String) throws -> FilePath {
        let file = path.appending(name)
        let descriptor = try FileDescriptor.open(
            file,
            .writeOnly,
            options: [.create, .truncate],
            permissions: [.ownerReadWrite]
        )
        return try descriptor.closeAfter {
            try descriptor.writeAll(bytes)
            return file
        }
    }

    /// The names in the folder, hidden ones included, sorted.
    public var names: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: path.string).sorted() }
    }

    /// Copies a file or a folder into this one, under its own name.
    @discardableResult
    public func copy(_ source: FilePath) throws -> FilePath {
        let target = path.appending(source.lastComponent?.string ?? "copy")
        try FileManager.default.copyItem(atPath: source.string, toPath: target.string)
        return target
    }
}
