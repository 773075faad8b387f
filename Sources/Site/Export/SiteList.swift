import BinaryIO
import Foundation
import SystemPackage

/// The list of the files that an export wrote. Only those may be replaced and removed.
struct SiteList: Codable {
    /// A file of the site.
    struct Entry: Codable, Hashable {
        /// SHA-256 of the file; nil if an export was about to write it.
        var sha256: SHA256Digest?
        /// Size in bytes.
        var size: Int
        /// Modification time, in nanoseconds since 1970: a file that was changed since is written again.
        var modified: Int
    }

    /// The largest list, in bytes; half a million files need this much.
    private static let mostBytes = 128 << 20

    private(set) var version = 1
    /// The files, by path from the site's root.
    var files: [String: Entry] = [:]

    init() {}

    /// - Throws: `SiteExportError.unreadableList`; `FileError`.
    init(_ path: FilePath) throws {
        guard FileStatus(path) != nil else { return }
        let bytes = Data(try readFile(path, limit: Self.mostBytes))
        do {
            self = try JSONDecoder().decode(SiteList.self, from: bytes)
        } catch {
            throw SiteExportError.unreadableList(path, detail: "it is not such JSON")
        }
        guard version == 1 else {
            throw SiteExportError.unreadableList(path, detail: "a newer edgepipe wrote it")
        }
        // Obsolete files are removed by these names, so unsafe names are rejected.
        guard files.keys.allSatisfy(Self.isSound) else {
            throw SiteExportError.unreadableList(path, detail: "it names a file outside of the site")
        }
    }

    private static func isSound(_ path: String) -> Bool {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        return (1...8).contains(parts.count)
            && parts.allSatisfy { part in
                // Only the hosts' header file has a name outside the grammar.
                NameGrammar.accepts(part) || path == SitePaths.headers
            }
    }

    func encoded() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(self))
    }
}
