import Transfer

/// A file of a repository, as the Hub lists it.
struct HubFile: Equatable, Sendable {
    /// The path from the repository's root.
    let path: String
    /// Size in bytes; nil if the listing lacks it.
    var size: Int?
    var digest: BlobDigest?

    /// The largest size of a file, in bytes; it keeps sums of sizes far from overflow.
    static let sizeLimit = 1 << 44

    /// Whether a name from a server may become a path: it must not lead out of the folder.
    static func isSafe(_ path: String) -> Bool {
        let components = path.split(separator: "/", omittingEmptySubsequences: false)
        return path.utf8.count <= 1024
            && components.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." }
            && path.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f && $0 != "\\" }
    }
}
