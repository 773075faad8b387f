import BinaryIO
import Foundation
import SystemPackage
import Transfer

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// One repository's part of the cache.
struct CachedRepository: Sendable {
    let folder: FilePath
    let locks: FilePath

    func snapshot(_ commit: String) -> FilePath { folder.appending("snapshots").appending(commit) }

    func path(of file: String, in commit: String) -> FilePath { snapshot(commit).pushing(FilePath(file)) }

    func blob(_ digest: BlobDigest) -> FilePath { folder.appending("blobs").appending(digest.hex) }

    func partial(_ digest: BlobDigest) -> FilePath { folder.appending("blobs").appending("\(digest.hex).incomplete") }

    func lock(_ digest: BlobDigest) -> FilePath { locks.appending("\(digest.hex).lock") }

    /// The commit that a branch or tag pointed to when it was downloaded, or the revision itself if it is a commit; nil
    /// if nothing of it is cached.
    func commit(of revision: String) throws -> String? {
        for commit in [try remembered(revision), revision].compactMap({ $0 })
        where fileIdentity(snapshot(commit)) != nil { return commit }
        return nil
    }

    private func remembered(_ revision: String) throws -> String? {
        let reference = reference(revision)
        guard FileStatus(reference)?.isFolder == false else { return nil }
        let text = String(decoding: try readFile(reference, limit: 256), as: UTF8.self)
        let commit = text.trimmingCharacters(in: .whitespacesAndNewlines)
        return commit.allSatisfy(\.isHexDigit) && !commit.isEmpty ? commit : nil
    }

    /// Records the commit that a branch or tag points to now.
    func remember(_ revision: String, as commit: String) throws {
        guard revision != commit, try remembered(revision) != commit else { return }
        try makeFolder(reference(revision).removingLastComponent())
        try writeFile(commit.utf8, to: reference(revision))
    }

    private func reference(_ revision: String) -> FilePath { folder.appending("refs").pushing(FilePath(revision)) }

    /// Whether the file is in the snapshot, or its bytes are cached for another revision.
    func holds(_ file: HubFile, of commit: String) -> Bool {
        hasLink(file, of: commit) || hasBlob(file)
    }

    func hasLink(_ file: HubFile, of commit: String) -> Bool {
        FileStatus(path(of: file.path, in: commit)).map { $0.byteCount == file.size && !$0.isFolder } ?? false
    }

    func hasBlob(_ file: HubFile) -> Bool {
        guard let digest = file.digest else { return false }
        return FileStatus(blob(digest))?.byteCount == file.size
    }

    /// Links a blob under its name in a snapshot. The link is relative, so that the cache may be moved.
    func link(_ file: HubFile, in commit: String) throws {
        guard !hasLink(file, of: commit), let digest = file.digest else { return }
        let link = path(of: file.path, in: commit)
        try makeFolder(link.removingLastComponent())
        let depth = file.path.split(separator: "/").count + 1
        let target = String(repeating: "../", count: depth) + "blobs/\(digest.hex)"
        let temporary = link.removingLastComponent().appending(".\(UUID().uuidString).link")
        guard symlink(target, temporary.string) == 0, rename(temporary.string, link.string) == 0 else {
            let reason = Errno(rawValue: errno)
            unlink(temporary.string)
            throw FileError("link", link, errno: reason)
        }
    }
}
