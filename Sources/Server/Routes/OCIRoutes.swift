import Answers
import BinaryIO
import Distribution
import HTTPTypes
import Registry
import SystemPackage

/// The routes that clients of OCI registries read. Source: the distribution specification 1.1, and the clients' own
/// code where they need more.
enum OCIRoutes {
    static let all: [Route] = [version, token, manifest, blob, tags, referrers]

    /// The entries of a repository other than the builds' files.
    private enum Found: Sendable {
        case blob([UInt8])
        case file(Blob)
    }

    private static func route(
        _ path: String,
        _ summary: String,
        right: Route.Right = .pull,
        _ handler: @escaping @Sendable (Call, Services) async throws -> Answer
    ) -> Route {
        Route(method: .get, path: path, family: .oci, right: right, summary: summary, parameters: nil, handler: handler)
    }

    private static let version = route("/v2", "Whether this is a registry.", right: .nothing) { call, services in
        if case .anyone = call.caller, services.access.isPrivate {
            throw AccessControl.unauthorized("this registry asks for a token.")
        }
        return Answer(bytes: Array("{}".utf8), as: APIRoutes.json, [(.dockerDistributionVersion, "registry/2.0")])
    }

    /// Clients exchange credentials for a token here; they get back the token that they sent.
    private static let token = route("/v2/token", "A token for a token.", right: .nothing) { call, services in
        guard case .holder = call.caller, let field = call.headers[.authorization],
            let token = AccessControl.token(field)
        else { throw AccessControl.unauthorized("log in with a token as the password.") }
        let body = #"{"token":"\#(token)","access_token":"\#(token)","expires_in":300}"#
        return Answer(bytes: Array(body.utf8), as: APIRoutes.json, [(.cacheControl, "no-store")])
    }

    // MARK: Manifests

    private static let manifest = route("/v2/{name...}/manifests/{reference}", "A manifest, by tag or digest.") {
        call,
        services in
        let (repository, reference) = (call.name("name"), call.name("reference"))
        let model = try services.repositories.model(repository)
        let wanted = try Self.wanted(reference)
        // Ollama accepts only Docker's manifests, and requests nothing else.
        let isOllama = call.headers.takesDockerAlone
        if let received = try await services.receiving?.manifest(
            reference,
            of: model,
            forOllama: isOllama && wanted == nil,
            services
        ) {
            return answer(received.bytes, received.mediaType, received.digest, byDigest: wanted != nil, call)
        }
        let now = try services.sessions.state()
        let repositories = services.repositories
        let found = try await services.asking { session -> ServedManifest? in
            if repository == IndexDocuments.wholeRepository {
                let index = try repositories.index(now, session).manifest
                return reference == IndexDocuments.tag || wanted == index.digest ? index : nil
            }
            let contents = try repositories.contents(of: model, now, session)
            if reference == IndexDocuments.tag {
                return try repositories.index(repository, contents, now, session).manifest
            }
            guard let digest = wanted ?? contents.tags[reference] else { return nil }
            guard let documents = try repositories.documents(of: contents.manifests[digest], in: contents, now, session)
            else {
                let index = try repositories.index(repository, contents, now, session)
                return index.manifest.digest == digest ? index.manifest : nil
            }
            let named = (documents.manifests + documents.referrers).first { $0.digest == digest }
            guard wanted == nil, isOllama, named?.dialect == .docker else { return named }
            return documents.manifests.first { $0.dialect == .ollama } ?? named
        }
        guard let found else {
            throw ServerError.notFound(
                "there is no manifest '\(reference.visible)' in \(repository).",
                oci: "MANIFEST_UNKNOWN"
            )
        }
        return answer(found.bytes, found.mediaType, found.digest, byDigest: wanted != nil, call)
    }

    private static func answer(
        _ bytes: [UInt8],
        _ type: String,
        _ digest: SHA256Digest,
        byDigest: Bool,
        _ call: Call
    ) -> Answer {
        var answer = Answer.tagged(bytes, as: type, etag: "\"\(digest)\"", call)
        answer.headers[.dockerContentDigest] = "sha256:\(digest)"
        answer.headers[.dockerDistributionVersion] = "registry/2.0"
        if byDigest { answer.headers[.cacheControl] = immutable(call) }
        return answer
    }

    /// Cache-Control for content that is named by its digest, which never changes; whether shared caches may keep it
    /// depends on who may read it.
    static func immutable(_ call: Call) -> String {
        if case .anyone = call.caller { return "public, max-age=31536000, immutable" }
        return "private, max-age=31536000, immutable"
    }

    /// Parses a reference as a digest; nil for a tag.
    private static func wanted(_ reference: String) throws -> SHA256Digest? {
        guard reference.contains(":") else {
            guard OCIReference.isTag(reference) else {
                throw ServerError(
                    .badRequest,
                    "badTag",
                    "'\(reference.visible)' is not a valid tag.",
                    oci: "MANIFEST_INVALID"
                )
            }
            return nil
        }
        return try digest(reference)
    }

    static func digest(_ text: String) throws -> SHA256Digest {
        guard text.hasPrefix("sha256:"), let digest = SHA256Digest(hex: text.dropFirst(7)) else {
            throw ServerError(
                .badRequest,
                "badDigest",
                "'\(text.visible)' is not a digest; those are sha256: and 64 hexadecimal digits.",
                oci: "DIGEST_INVALID"
            )
        }
        return digest
    }

    // MARK: Blobs

    private static let blob = route("/v2/{name...}/blobs/{digest}", "A file or a document, by its digest.") {
        call,
        services in
        let repository = call.name("name")
        let model = try services.repositories.model(repository)
        let digest = try digest(call.name("digest"))
        // Ollama takes the address of the file from the answer, and requests it without credentials.
        let address = call.origin + call.path
        let location = services.access.isPrivate ? "\(address)?\(services.access.signature(for: call.path))" : address
        let fields: [(HTTPField.Name, String)] = [
            (.dockerContentDigest, "sha256:\(digest)"), (.cacheControl, immutable(call)), (.location, location),
        ]
        let isOffered = try await services.blobs.builds(of: digest).contains { $0.name.model == model }
        if isOffered { return try await services.blobs.answer(digest, call, fields) }
        if let bytes = try await services.receiving?.blob(digest, of: model, services) {
            return small(bytes, digest, fields, call)
        }
        // A delta, or the file of a build that is not published yet: its sender asks whether it has arrived.
        if let file = services.receiving?.file(digest, of: model) { return services.blobs.answer(file, call, fields) }
        let now = try services.sessions.state()
        let repositories = services.repositories
        let found = try await services.asking { session -> Found? in
            if repository == IndexDocuments.wholeRepository {
                return try repositories.index(now, session).blobs.first { $0.digest == digest }.map { .blob($0.bytes) }
            }
            let contents = try repositories.contents(of: model, now, session)
            if let documents = try repositories.documents(of: contents.blobs[digest], in: contents, now, session) {
                return documents.blobs.first { $0.digest == digest }.map { .blob($0.bytes) }
            }
            if let delta = contents.deltas[digest] {
                return .file(.file(FilePath(delta.path), digest, count: delta.bytes))
            }
            return try repositories.index(repository, contents, now, session).blobs.first { $0.digest == digest }
                .map { .blob($0.bytes) }
        }
        switch found {
        case .blob(let bytes): return small(bytes, digest, fields, call)
        case .file(let file): return services.blobs.answer(file, call, fields)
        case nil: throw ServerError.notFound("there is no blob sha256:\(digest) in \(repository).", oci: "BLOB_UNKNOWN")
        }
    }

    private static func small(
        _ bytes: [UInt8],
        _ digest: SHA256Digest,
        _ fields: [(HTTPField.Name, String)],
        _ call: Call
    ) -> Answer {
        let etag = "\"\(digest)\""
        let own: [(HTTPField.Name, String)] = [(.eTag, etag), (.acceptRanges, "bytes")] + fields
        if call.headers.hasMatch(etag) { return Answer(.notModified, own, .nothing(length: bytes.count)) }
        let type: (HTTPField.Name, String) = (.contentType, "application/octet-stream")
        switch ByteRange(call.headers, count: bytes.count, etag: etag) {
        case .whole: return Answer(.ok, own + [type], .bytes(bytes))
        case .unsatisfiable: return Answer(.rangeNotSatisfiable, own + [(.contentRange, "bytes */\(bytes.count)")])
        case .part(let range):
            let place = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(bytes.count)"
            return Answer(.partialContent, own + [type, (.contentRange, place)], .bytes(Array(bytes[range])))
        }
    }

    // MARK: Lists

    private static let mostTags = 10_000

    private static let tags = route("/v2/{name...}/tags/list", "The tags of a repository, page by page.") {
        call,
        services in
        let repository = call.name("name")
        let model = try services.repositories.model(repository)
        let count = try call.values.text("n").map { text in
            guard let count = Int(text), count >= 0 else {
                throw ServerError.badRequest("'n' takes a whole number of at least 0.", oci: "UNSUPPORTED")
            }
            return min(count, mostTags)
        }
        let now = try services.sessions.state()
        let repositories = services.repositories
        let own = try await services.asking { session in
            Array(try repositories.contents(of: model, now, session).tags.keys) + [IndexDocuments.tag]
        }
        let received = services.receiving?.tags(of: model) ?? []
        let last = call.values.text("last")
        // Compared byte by byte, independent of this machine's locale.
        let all = Set(own + received).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let rest = last.map { last in all.filter { last.utf8.lexicographicallyPrecedes($0.utf8) } } ?? all
        let page = Array(rest.prefix(count ?? mostTags))
        let json = try RecordText.json(TagList(name: repository, tags: page), isPretty: false)
        var answer = Answer(bytes: Array(json.utf8), as: APIRoutes.json)
        if page.count < rest.count, let end = page.last {
            answer.headers[.link] = "</v2/\(repository)/tags/list?n=\(count ?? mostTags)&last=\(end)>; rel=\"next\""
        }
        return answer
    }

    private struct TagList: Encodable {
        let name: String
        let tags: [String]
    }

    private static let referrers = route("/v2/{name...}/referrers/{digest}", "What is attached to a manifest.") {
        call,
        services in
        let model = try services.repositories.model(call.name("name"))
        let subject = try digest(call.name("digest"))
        let type = call.values.text("artifactType")
        var known = try await services.receiving?.referrers(of: subject, in: model, services) ?? []
        if known.isEmpty {
            let now = try services.sessions.state()
            let repositories = services.repositories
            known = try await services.asking { session in
                let contents = try repositories.contents(of: model, now, session)
                let build = contents.subjects.first { $0.value == subject }?.key
                return try repositories.documents(of: build, in: contents, now, session)?.referrers ?? []
            }
        }
        let list = try ReferrersList.encode(known.filter { type == nil || $0.artifactType == type })
        var answer = Answer(bytes: list, as: ReferrersList.mediaType)
        if type != nil { answer.headers[.ociFiltersApplied] = "artifactType" }
        return answer
    }
}

extension HTTPFields {
    /// Whether the client accepts only Docker's manifests.
    var takesDockerAlone: Bool {
        let types = self[values: .accept].flatMap { $0.split(separator: ",") }
            .map { $0.prefix { $0 != ";" }.trimmingBlanks.lowercased() }
        return !types.isEmpty && types.allSatisfy { $0.hasPrefix("application/vnd.docker.distribution.manifest.v2") }
    }
}
