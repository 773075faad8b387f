import BinaryIO
import Foundation

/// An OCI registry in memory, on the loopback address, that may also misbehave. What it does when all is well follows the distribution
/// specification 1.1.
public final class SmallOCIRegistry: Sendable {
    /// What it may do wrong.
    public struct Faults: Sendable {
        /// Cuts the connection of so many chunks before it has taken them, and forgets the upload where it says so.
        public var lostChunks = 0
        public var forgetsUploads = false
        /// Answers so many requests with 503 first, and asks for a pause of no time.
        public var busyAnswers = 0
        /// Sends blobs with another last byte.
        public var changesBlobs = false
        /// Answers requests for a range with the whole blob.
        public var knowsNoRanges = false
        /// Sends so many bytes of a blob, then cuts the connection; as many times as there are entries.
        public var cuts: [Int] = []
        /// Says that an upload is stored with another digest.
        public var liesAboutDigests = false
        /// Where uploads are sent.
        public var uploadLocation: String?
    }

    /// How it asks who comes.
    public enum Guard: Sendable {
        case nobody
        case password(user: String, String)
        /// With a server of tokens at `/token`.
        case token(user: String, String)
    }

    public struct State: Sendable {
        public var blobs: [String: [String: [UInt8]]] = [:]
        public var manifests: [String: [String: (type: String, bytes: [UInt8])]] = [:]
        public var uploads: [String: [UInt8]] = [:]
        public var faults = Faults()
        public var receivedBlobBytes = 0
        public var scopes: [String] = []
        var counter = 0
    }

    public let state = Mutexed(State())
    private let server: LoopbackServer

    /// - Parameter listsReferrers: whether it knows what refers to a manifest; older ones do not.
    public init(_ guardian: Guard = .nobody, listsReferrers: Bool = true) throws {
        let state = state
        server = try LoopbackServer { request in
            Responder(guardian: guardian, listsReferrers: listsReferrers, state: state).answer(request)
        }
    }

    public var host: String { "127.0.0.1:\(server.port)" }
    public var requests: [LoopbackServer.Request] { server.requests }
    public func set(_ change: (inout Faults) -> Void) { state.change { change(&$0.faults) } }

    /// Bytes of a manifest, and its tags beside digests.
    public func tags(_ repository: String) -> [String] {
        (state.value.manifests[repository] ?? [:]).keys.filter { !$0.hasPrefix("sha256:") }.sorted()
    }
}

private struct Responder {
    typealias Answer = LoopbackServer.Answer

    let guardian: SmallOCIRegistry.Guard
    let listsReferrers: Bool
    let state: Mutexed<SmallOCIRegistry.State>

    func answer(_ request: LoopbackServer.Request) -> Answer {
        let parts = request.target.split(separator: "?", maxSplits: 1).map(String.init)
        let query = parts.count > 1 ? Self.values(parts[1]) : [:]
        if parts[0] == "/token" { return token(request, query) }
        if let refusal = refusal(request) { return refusal }
        if take({ $0.busyAnswers > 0 }, { $0.busyAnswers -= 1 }) { return Answer(503, headers: ["Retry-After": "0"]) }
        guard let match = parts[0].wholeMatch(of: /\/v2\/(.+)\/(blobs\/uploads|blobs|manifests|referrers|tags)\/(.*)/)
        else {
            return parts[0] == "/v2/" ? Answer(200) : Answer(404)
        }
        let (repository, name) = (String(match.1), String(match.3))
        switch match.2 {
        case "blobs/uploads": return upload(request, repository, name, query)
        case "blobs": return blob(request, repository, name)
        case "manifests": return manifest(request, repository, name)
        case "tags": return tags(repository)
        default: return referrers(repository, name)
        }
    }

    private static func values(_ query: String) -> [String: String] {
        var values: [String: String] = [:]
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1).map { String($0).removingPercentEncoding ?? "" }
            let value = parts.count > 1 ? parts[1] : ""
            values[parts[0]] = values[parts[0]].map { "\($0) \(value)" } ?? value
        }
        return values
    }

    /// Whether a fault is due, which is counted then.
    private func take(
        _ isDue: (SmallOCIRegistry.Faults) -> Bool,
        _ count: (inout SmallOCIRegistry.Faults) -> Void
    ) -> Bool {
        var found = false
        state.change { state in
            found = isDue(state.faults)
            if found { count(&state.faults) }
        }
        return found
    }

    // MARK: - Who asks

    private func basic(_ user: String, _ password: String) -> String {
        "Basic " + Data("\(user):\(password)".utf8).base64EncodedString()
    }

    private func refusal(_ request: LoopbackServer.Request) -> Answer? {
        switch guardian {
        case .nobody: return nil
        case .password(let user, let password):
            if request.headers["authorization"] == basic(user, password) { return nil }
            return Answer(401, headers: ["WWW-Authenticate": "Basic realm=\"small\""])
        case .token:
            if request.headers["authorization"]?.hasPrefix("Bearer good-") == true { return nil }
            let realm = "http://\(request.headers["host"] ?? "")/token"
            return Answer(401, headers: ["WWW-Authenticate": "Bearer realm=\"\(realm)\",service=\"small\""])
        }
    }

    private func token(_ request: LoopbackServer.Request, _ query: [String: String]) -> Answer {
        guard case .token(let user, let password) = guardian, query["service"] == "small" else { return Answer(400) }
        state.change { $0.scopes.append(query["scope"] ?? "") }
        let knows = request.headers["authorization"] == basic(user, password)
        // Nobody may write without a name.
        guard knows || query["scope"]?.contains("push") != true else { return Answer(401) }
        return Answer(200, body: Array(#"{"token":"good-\#(knows ? "ada" : "nobody")","expires_in":300}"#.utf8))
    }

    // MARK: - Blobs

    private func blob(_ request: LoopbackServer.Request, _ repository: String, _ digest: String) -> Answer {
        guard var bytes = state.value.blobs[repository]?[digest] else { return Answer(404) }
        if state.value.faults.changesBlobs, bytes.count > 1000 { bytes[bytes.count - 1] ^= 1 }
        var answer = Answer(200, headers: ["Docker-Content-Digest": digest], body: bytes)
        if let text = request.headers["range"], let match = text.wholeMatch(of: /bytes=(\d+)-(\d*)/),
            let start = Int(match.1), !state.value.faults.knowsNoRanges
        {
            let last = min(Int(match.2) ?? .max, bytes.count - 1)
            guard start <= last else { return Answer(416) }
            answer = Answer(
                206,
                headers: ["Content-Range": "bytes \(start)-\(last)/\(bytes.count)"],
                body: bytes[start...last]
            )
        }
        if request.method == "HEAD" { return answer }
        var cut: Int?
        state.change { state in
            if answer.body.count > 1000, !state.faults.cuts.isEmpty { cut = state.faults.cuts.removeFirst() }
        }
        if let cut { (answer.announcedLength, answer.cutAfter) = ("\(answer.body.count)", cut) }
        return answer
    }

    private func upload(
        _ request: LoopbackServer.Request,
        _ repository: String,
        _ name: String,
        _ query: [String: String]
    ) -> Answer {
        func location(_ id: String) -> [String: String] {
            ["Location": state.value.faults.uploadLocation ?? "/v2/\(repository)/blobs/uploads/\(id)?_state=x"]
        }
        switch request.method {
        case "POST":
            if let digest = query["mount"], let from = query["from"], let bytes = state.value.blobs[from]?[digest] {
                state.change { $0.blobs[repository, default: [:]][digest] = bytes }
                return Answer(201, headers: ["Location": "/v2/\(repository)/blobs/\(digest)"])
            }
            var id = ""
            state.change { state in
                state.counter += 1
                id = "upload-\(state.counter)"
                state.uploads[id] = []
            }
            return Answer(202, headers: location(id))
        case "GET":
            guard let held = state.value.uploads[name] else { return Answer(404) }
            return Answer(
                204,
                headers: location(name).merging(["Range": "0-\(max(0, held.count - 1))"]) { $1 },
                announcedLength: ""
            )
        case "PATCH":
            guard let held = state.value.uploads[name] else { return Answer(404) }
            if take({ $0.lostChunks > 0 }, { $0.lostChunks -= 1 }) {
                if state.value.faults.forgetsUploads { state.change { $0.uploads[name] = nil } }
                return Answer(0)
            }
            guard let range = request.headers["content-range"], range.hasPrefix("\(held.count)-") else {
                return Answer(416)
            }
            state.change { state in
                state.uploads[name] = held + request.body
                state.receivedBlobBytes += request.body.count
            }
            let end = held.count + request.body.count - 1
            return Answer(202, headers: location(name).merging(["Range": "0-\(end)"]) { $1 })
        case "PUT":
            guard let held = state.value.uploads[name], let digest = query["digest"] else { return Answer(404) }
            let bytes = held + request.body
            guard digest == "sha256:\(SHA256Digest(of: bytes))" else { return Answer(400) }
            let lies = state.value.faults.liesAboutDigests
            state.change { state in
                state.uploads[name] = nil
                state.blobs[repository, default: [:]][digest] = bytes
            }
            let told = lies ? "sha256:\(SHA256Digest(of: [1]))" : digest
            return Answer(201, headers: ["Docker-Content-Digest": told])
        default: return Answer(405)
        }
    }

    // MARK: - Manifests

    private func manifest(_ request: LoopbackServer.Request, _ repository: String, _ name: String) -> Answer {
        if request.method == "PUT" {
            let digest = "sha256:\(SHA256Digest(of: request.body))"
            let type = request.headers["content-type"] ?? ""
            let json = try? JSONValue(parsing: request.body)
            var named = [json?["config"]].compactMap { $0 }
            if case .array(let layers)? = json?["layers"] { named += layers }
            for descriptor in named where state.value.blobs[repository]?[descriptor["digest"]?.string ?? ""] == nil {
                return Answer(400, body: Array(#"{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN","message":"blob"}]}"#.utf8))
            }
            state.change { state in
                for key in [digest, name] { state.manifests[repository, default: [:]][key] = (type, request.body) }
            }
            let subject = json?["subject"]?["digest"]?.string
            return Answer(
                201,
                headers: listsReferrers ? subject.map { ["OCI-Subject": $0] } ?? [:] : [:]
            )
        }
        guard let stored = state.value.manifests[repository]?[name] else { return Answer(404) }
        return Answer(200, headers: ["Content-Type": stored.type], body: stored.bytes)
    }

    private func referrers(_ repository: String, _ digest: String) -> Answer {
        guard listsReferrers else { return Answer(404) }
        let manifests = (state.value.manifests[repository] ?? [:]).filter { $0.key.hasPrefix("sha256:") }
        let found = manifests.sorted { $0.key < $1.key }.compactMap { key, stored -> String? in
            guard let json = try? JSONValue(parsing: stored.bytes), json["subject"]?["digest"]?.string == digest else {
                return nil
            }
            let type = json["artifactType"]?.string ?? ""
            var notes = ""
            if case .object(let annotations)? = json["annotations"] {
                notes = annotations.members.compactMap { key, value in value.string.map { #""\#(key)":"\#($0)""# } }
                    .joined(separator: ",")
            }
            return #"{"mediaType":"\#(stored.type)","digest":"\#(key)","size":\#(stored.bytes.count),"#
                + #""artifactType":"\#(type)","annotations":{\#(notes)}}"#
        }
        let body = #"{"schemaVersion":2,"manifests":[\#(found.joined(separator: ","))]}"#
        return Answer(200, headers: ["Content-Type": "application/vnd.oci.image.index.v1+json"], body: Array(body.utf8))
    }

    private func tags(_ repository: String) -> Answer {
        let tags = (state.value.manifests[repository] ?? [:]).keys.filter { !$0.hasPrefix("sha256:") }.sorted()
        let listed = tags.map { "\"\($0)\"" }.joined(separator: ",")
        return Answer(200, body: Array(#"{"name":"\#(repository)","tags":[\#(listed)]}"#.utf8))
    }
}
