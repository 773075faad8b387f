import Foundation
import SystemPackage

/// A folder of one test, removed with it.
public final class ScratchFolder: Sendable {
    public let path: FilePath

    public init() throws {
        path = FilePath(FileManager.default.temporaryDirectory.path)
            .appending("edgepipe-test-\(UInt64.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(atPath: path.string, withIntermediateDirectories: true)
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
