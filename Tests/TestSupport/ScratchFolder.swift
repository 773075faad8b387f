import Foundation
import SystemPackage

/// A folder of one test, removed with everything in it when the value goes.
public final class ScratchFolder: Sendable {
    public let path: FilePath

    public init() throws {
        // The real path, because a program started in the folder sees that one.
        path = FilePath(FileManager.default.temporaryDirectory.resolvingSymlinksInPath().path)
            .appending("edgepipe-\(UUID().uuidString)")
        try FileManager.default.createDirectory(atPath: path.string, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path.string) }

    public func appending(_ name: String) -> FilePath { path.appending(name) }

    /// Writes a text, making the folders above it.
    @discardableResult
    public func write(_ text: String, to name: String) throws -> FilePath {
        try write(Data(text.utf8), to: name)
    }

    @discardableResult
    public func write(_ bytes: Data, to name: String) throws -> FilePath {
        let file = path.pushing(FilePath(name))
        try FileManager.default.createDirectory(
            atPath: file.removingLastComponent().string,
            withIntermediateDirectories: true
        )
        try bytes.write(to: URL(fileURLWithPath: file.string))
        return file
    }

    /// Every file below the folder with its size and time of change, for "nothing was written".
    public func listing() throws -> [String] {
        let names = try FileManager.default.subpathsOfDirectory(atPath: path.string).sorted()
        return try names.map { name in
            let attributes = try FileManager.default.attributesOfItem(atPath: path.pushing(FilePath(name)).string)
            let changed = (attributes[.modificationDate] as? Date)?.timeIntervalSinceReferenceDate ?? 0
            return "\(name) \(attributes[.size] ?? 0) \(changed)"
        }
    }
}
