import BinaryIO
import Foundation
import SystemPackage

/// Which files of a folder a site consists of: what an export wrote may be replaced and removed, and nothing else.
struct SiteList: Codable {
    /// A file of the site.
    struct Entry: Codable, Hashable {
        /// Nil for a file that an export was about to write.
        var sha256: SHA256Digest?
        /// In bytes.
        var size: Int
        /// When it was written, in nanoseconds since 1970: a file that was changed since is written again.
        var modified: Int
    }

    /// Half a million files have as much.
    private static let mostBytes = 128 << 20

    private(set) var version = 1
    /// By path from the site's root.
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
        // Files that are no longer needed are removed by these names.
        guard files.keys.allSatisfy(Self.isSound) else {
            throw SiteExportError.unreadableList(path, detail: "it names a file outside of the site")
        }
    }

    private static func isSound(_ path: String) -> Bool {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        return (1...8).contains(parts.count)
            && parts.allSatisfy { part in
                // The one name that is not in the grammar is that of the hosts' file of headers.
                NameGrammar.accepts(part) || path == SitePaths.headers
            }
    }

    func encoded() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(self))
    }
}
