import Answers
import BinaryIO
import Briefs
import Foundation
import Registry
import SystemPackage
import Work

/// Writes a registry as a static site: the pages, answers as JSON, and the builds' files, for any host that serves files.
public struct SiteExport: Sendable {
    /// The builds that the site shows.
    public var scope = SiteScope()
    /// The first language is at the site's root, each other one in its own folder; never empty.
    public var languages = Language.allCases
    /// Whether the site includes the builds' files.
    public var hasBlobs = true
    /// The site's address, such as `https://host/path`; nil writes addresses relative to each document.
    public var baseURL: String?

    /// Exports everything in all languages.
    public init() {}

    /// The most attempts: each publication while a site is written starts the export again.
    private static let mostAttempts = 5

    /// Writes the site, or updates an existing one.
    ///
    /// Files are written before the documents that link to them, and the pages at the root last. Files with the same
    /// bytes are left unchanged.
    /// - Throws: `SiteExportError`; `NothingFits` for an unknown model or channel; `RegistryError` if a build cannot be
    ///   read; `OutputError.diskFull`, `FileError`, errors of `progress`.
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

    /// Rejects a site folder that contains the registry, because hosts serve every file in the folder.
    private static func check(_ root: FilePath, outside registry: FilePath) throws {
        guard !registry.resolvingLinks().starts(with: root.resolvingLinks()) else {
            throw FileError(
                "write",
                root,
                because: "the registry is in this folder, and would be served. Choose another."
            )
        }
    }

    /// - Returns: the address without a slash at the end.
    private static func origin(_ text: String) throws -> String {
        let isPlain = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && !"?#\"<>\\^`{|}".utf8.contains($0) }
        guard isPlain, let url = URL(string: text), ["http", "https"].contains(url.scheme), url.host()?.isEmpty == false
        else { throw SiteExportError.badAddress(text) }
        return String(text.reversed().drop { $0 == "/" }.reversed())
    }
}

/// The result of an export.
public struct SiteReport: Codable, Sendable {
    /// The site's root.
    public var folder: String
    /// The number of builds that the site shows.
    public var builds: Int
    /// The number of files of the site.
    public var files: Int
    /// The number of files that were new or changed.
    public var written: Int
    /// The number of files that were already up to date.
    public var kept: Int
    /// The number of files that were removed because the site no longer needs them.
    public var removed: Int
    /// Total size of the builds' files, in bytes, each counted once.
    public var blobBytes: Int
}
