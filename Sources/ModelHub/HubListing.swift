import BinaryIO
import Transfer

/// The Hub's listing of a repository at a revision.
struct HubListing: Equatable, Sendable {
    let commit: String
    let files: [HubFile]

    /// The largest listing, in bytes; a hundred thousand files need less.
    static let byteLimit = 32 << 20

    /// Why an answer is not a valid listing.
    struct Problem: Error {
        let reason: String
    }

    init(commit: String, files: [HubFile]) {
        self.commit = commit
        self.files = files
    }

    /// - Throws: `Problem`. The answer is not trusted, because names become paths and sizes are summed.
    init(parsing bytes: [UInt8]) throws {
        let document: JSONValue
        do {
            document = try JSONValue(parsing: bytes)
        } catch {
            throw Problem(reason: "it is not JSON (\(error))")
        }
        guard let commit = document["sha"]?.string, Self.isCommit(commit) else {
            throw Problem(reason: "it names no commit")
        }
        guard let siblings = document["siblings"]?.array else { throw Problem(reason: "it lists no files") }
        var seen: Set<String> = []
        let files = try siblings.map { entry in
            guard let path = entry["rfilename"]?.string, HubFile.isSafe(path) else {
                throw Problem(reason: "it lists a file whose name leads out of the folder or holds what a name cannot")
            }
            guard seen.insert(path).inserted else { throw Problem(reason: "it lists a file twice") }
            let large = entry["lfs"]?.object
            let size = large?["size"]?.integer ?? entry["size"]?.integer
            guard size.map({ (0...HubFile.sizeLimit).contains($0) }) ?? true else {
                throw Problem(reason: "it lists a file of an impossible size")
            }
            let hex = large?["sha256"]?.string ?? (large == nil ? entry["blobId"]?.string : nil)
            return HubFile(path: path, size: size, digest: hex.flatMap(BlobDigest.init(hex:)))
        }
        self.init(commit: commit, files: files)
    }

    static func isCommit(_ text: String) -> Bool {
        if case .git = BlobDigest(hex: text) { true } else { false }
    }
}
