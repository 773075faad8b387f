import Crypto
import Foundation
import SystemPackage

/// A server that answers as the Hugging Face Hub does, for one repository, `acme/tiny`.
public final class SmallHub: Sendable {
    public typealias Request = LoopbackServer.Request
    public typealias Answer = LoopbackServer.Answer

    public struct File: Sendable {
        public var path: String
        public var bytes: [UInt8]
        /// Kept outside of git, and known by its SHA-256.
        public var isLarge: Bool

        public init(_ path: String, _ bytes: some Sequence<UInt8>, isLarge: Bool = false) {
            self.path = path
            self.bytes = Array(bytes)
            self.isLarge = isLarge
        }

        /// The name of the file's blob in the cache.
        public var digest: String {
            if isLarge { return Self.hex(SHA256.hash(data: bytes)) }
            return Self.hex(Insecure.SHA1.hash(data: Array("blob \(bytes.count)\0".utf8) + bytes))
        }

        fileprivate var listed: [String: Any] {
            var entry: [String: Any] = [
                "rfilename": path, "size": bytes.count, "blobId": String(repeating: "e", count: 40),
            ]
            if isLarge {
                entry["lfs"] = ["sha256": digest, "size": bytes.count, "pointerSize": 134]
            } else {
                entry["blobId"] = digest
            }
            return entry
        }

        private static func hex(_ digest: some Sequence<UInt8>) -> String {
            digest.map { String(format: "%02x", $0) }.joined()
        }
    }

    public static let commit = "0123456789abcdef0123456789abcdef01234567"

    public let repository: String
    private let server: LoopbackServer

    public var endpoint: String { "http://127.0.0.1:\(server.port)" }
    public var requests: [Request] { server.requests }
    /// The names of the files whose bytes were asked for, sorted.
    public var fetched: [String] {
        requests.filter { $0.method == "GET" }.compactMap { request in
            request.target.range(of: "/resolve/[^/]*/", options: .regularExpression).map {
                String(request.target[$0.upperBound...])
            }
        }.sorted()
    }

    /// - Parameter misbehaving: answers in place of the Hub where it returns something. It is given the answer that
    ///   the Hub would give, and how often the same was asked for before.
    public init(
        _ files: [File],
        as repository: String = "acme/tiny",
        misbehaving: @escaping @Sendable (Request, Answer, Int) -> Answer? = { _, _, _ in nil }
    ) throws {
        self.repository = repository
        let counts = Mutexed<[String: Int]>([:])
        let listing = try JSONSerialization.data(
            withJSONObject: ["id": repository, "sha": Self.commit, "gated": false, "siblings": files.map(\.listed)]
        )
        server = try LoopbackServer { request in
            var count = 0
            counts.change {
                count = $0[request.target] ?? 0
                $0[request.target] = count + 1
            }
            let answer = Self.answer(request, repository, files, listing)
            return misbehaving(request, answer, count) ?? answer
        }
    }

    private static func answer(_ request: Request, _ repository: String, _ files: [File], _ listing: Data) -> Answer {
        for revision in ["main", "v1", commit]
        where request.target == "/api/models/\(repository)/revision/\(revision)?blobs=true" {
            return Answer(200, headers: ["Content-Type": "application/json"], body: listing)
        }
        let prefix = "/\(repository)/resolve/\(commit)/"
        if request.target.hasPrefix(prefix) {
            let path = request.target.dropFirst(prefix.count)
            guard let file = files.first(where: { $0.path == path }) else {
                return Answer(404, headers: ["X-Error-Code": "EntryNotFound"])
            }
            return send(file, request.headers["range"])
        }
        if request.target.hasPrefix("/api/models/\(repository)/") {
            return Answer(404, headers: ["X-Error-Code": "RevisionNotFound"])
        }
        return Answer(401, headers: ["X-Error-Code": "RepoNotFound"])
    }

    private static func send(_ file: File, _ range: String?) -> Answer {
        let headers = ["ETag": "\"\(file.digest)\"", "X-Repo-Commit": commit]
        guard let range, let start = Int(range.dropFirst("bytes=".count).dropLast()) else {
            return Answer(200, headers: headers, body: file.bytes)
        }
        guard start < file.bytes.count else { return Answer(416) }
        let content = "bytes \(start)-\(file.bytes.count - 1)/\(file.bytes.count)"
        return Answer(206, headers: headers.merging(["Content-Range": content]) { $1 }, body: file.bytes[start...])
    }
}
