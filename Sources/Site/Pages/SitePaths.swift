import BinaryIO

/// The paths of a static site's files, from its root.
enum SitePaths {
    static func blob(_ digest: SHA256Digest) -> String { "blobs/sha256/\(digest)" }
    static func parts(_ digest: SHA256Digest) -> String { "parts/\(digest).json" }
    static let builds = "api/v1/builds.json"
    static let devices = "api/v1/devices.json"
    static let headers = "_headers"
}
