import Answers
import BinaryIO
import Briefs
import Foundation
import Registry
import SystemPackage
import Work

/// Writes a registry as a static site: the pages, answers as JSON, and the builds' files, for any host that serves files.
public struct SiteExport: Sendable {
    /// Which builds it shows.
    public var scope = SiteScope()
    /// The first one is at the site's root, each other in a folder of its own; never empty.
    public var languages = Language.allCases
    /// Whether the builds' files belong to it.
    public var hasBlobs = true
    /// Where the site will be reached, such as `https://host/path`; nil writes addresses relative to each document.
    public var baseURL: String?

    /// Asks for everything in all languages.
    public init() {}

    /// Publications that may happen while a site is written; each makes it begin anew.
    private static let mostAttempts = 5

    /// Writes the site, or brings one up to date.
    ///
    /// Files come before what names them, and the pages at the root last. Files with the same bytes are left as they are.
    /// - Throws: `SiteExportError`; `NothingFits` for an unknown model or channel; `RegistryError` where a build cannot be read;
    ///   `OutputError.diskFull`, `FileError`, and whatever `progress` throws.
    public func write(_ session: RegistrySession, to root: FilePath, progress: @escaping WorkProgress) throws
        -> SiteReport
    {
        let origin = try baseURL.map(Self.origin)
        precondition(!languages.isEmpty, "a site has a language")
        try Self.check(root, outside: session.path)
        let folder = try SiteFolder(root)
        for _ in 0..<Self.mostAttempts {
            let run = try SiteRun(self, origin: origin, session: session, folder: folder, progress: progress)
            do {
                return try run.write()
            } catch is SiteRun.Moved {
                continue
            }
        }
        throw SiteExportError.restless(root)
    }

    /// Hosts serve whatever is in the folder.
    private static func check(_ root: FilePath, outside registry: FilePath) throws {
        guard !registry.resolvingLinks().starts(with: root.resolvingLinks()) else {
            throw FileError(
                "write",
                root,
                because: "the registry is in this folder, and would be served. Choose another."
            )
        }
    }

    /// - Returns: the address without a slash at its end.
    private static func origin(_ text: String) throws -> String {
        let isPlain = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && !"?#\"<>\\^`{|}".utf8.contains($0) }
        guard isPlain, let url = URL(string: text), ["http", "https"].contains(url.scheme), url.host()?.isEmpty == false
        else { throw SiteExportError.badAddress(text) }
        return String(text.reversed().drop { $0 == "/" }.reversed())
    }
}

/// What an export wrote.
public struct SiteReport: Codable, Sendable {
    /// The site's root.
    public var folder: String
    /// Builds that it shows.
    public var builds: Int
    /// Files of the site in all.
    public var files: Int
    /// Those that were new or changed.
    public var written: Int
    /// Those that were there as they should be.
    public var kept: Int
    /// Those that belong to the site no longer.
    public var removed: Int
    /// Size of the builds' files, each counted once.
    public var blobBytes: Int
}
