import Foundation
import SystemPackage

extension ScratchFolder {
    /// Writes a file in place, without a sync and a rename, which would be most of a fuzzing test's time.
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
}
