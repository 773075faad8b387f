import AsyncHTTPClient
import BinaryIO
import NIOHTTP1
import Transfer

/// Requests for manifests and other small documents.
extension OCIClient {
    /// The largest manifest, in bytes; the specification requires registries to accept four megabytes.
    static let longestManifest = 4 << 20
    private static let manifestTypes = [OCIManifest.ociType, OCIManifest.dockerType, OCIIndex.type]

    /// A manifest as the registry stores it.
    struct Stored {
        let bytes: [UInt8]
        let mediaType: String
        var digest: SHA256Digest { SHA256Digest(of: bytes) }
    }

    /// - Parameter name: a tag, or a digest with its algorithm.
    /// - Returns: nil if there is no such manifest.
    func manifest(_ name: String) async throws -> Stored? {
        var call = Call(what: "manifest \(name) in \(repository)")
        call.headers = Self.manifestTypes.map { ("Accept", $0) }
        return try await retrying {
            let answer = try await send("manifests/\(name)", call)
            if answer.status == .notFound { return nil }
            try await check(answer, .ok, of: call)
            let bytes = try await Self.naming(host) {
                try await transport.document(of: answer, limit: Self.longestManifest)
            }
            guard let bytes else {
                throw DistributionError.badAnswer(
                    host,
                    "the manifest \(name) is larger than \(Self.longestManifest >> 20) MiB"
                )
            }
            let type = answer.headers.first(name: "Content-Type")?.prefix { $0 != ";" } ?? ""
            let stored = Stored(bytes: bytes, mediaType: String(type.prefix(200)))
            if name.hasPrefix("sha256:"), name != "sha256:\(stored.digest)" {
                throw DistributionError.wrongBytes(host, what: "the manifest \(name)", "has another SHA-256")
            }
            return stored
        }
    }

    /// Stores a manifest under a tag or its own digest.
    /// - Returns: whether the registry confirms that it indexes the manifest as a referrer of its subject.
    @discardableResult
    func put(_ bytes: [UInt8], as mediaType: String, under name: String) async throws -> Bool {
        let call = Call(
            method: .PUT,
            headers: [("Content-Type", mediaType)],
            body: bytes,
            writes: true,
            what: "the manifest \(name) in \(repository)"
        )
        return try await retrying {
            let answer = try await send("manifests/\(name)", call)
            try await check(answer, .created, .ok, of: call)
            if let told = answer.headers.first(name: "Docker-Content-Digest"),
                told != "sha256:\(SHA256Digest(of: bytes))"
            {
                throw DistributionError.wrongBytes(host, what: "the manifest \(name)", "was stored with other bytes")
            }
            return answer.headers.contains(name: "OCI-Subject")
        }
    }

    /// A small blob, verified.
    /// - Throws: `DistributionError`.
    func document(_ descriptor: OCIDescriptor, limit: Int) async throws -> [UInt8] {
        guard let digest = descriptor.sha256 else {
            throw DistributionError.badAnswer(host, "a manifest names bytes by no SHA-256")
        }
        guard descriptor.size >= 0, descriptor.size <= limit else {
            throw DistributionError.badAnswer(host, "the document \(digest.short) takes more than \(limit) bytes")
        }
        let call = Call(what: "blob \(digest.short) in \(repository)")
        return try await retrying {
            let answer = try await send("blobs/sha256:\(digest)", call)
            try await check(answer, .ok, of: call)
            let bytes = try await Self.naming(host) {
                try await transport.document(of: answer, limit: descriptor.size)
            }
            guard let bytes, bytes.count == descriptor.size, SHA256Digest(of: bytes) == digest else {
                throw DistributionError.wrongBytes(
                    host,
                    what: "the document \(digest.short)",
                    "has other bytes than it is named by"
                )
            }
            return bytes
        }
    }

    /// The manifests that refer to another one.
    /// - Parameter subject: the digest of that manifest.
    func referrers(of subject: SHA256Digest) async throws -> [OCIDescriptor] {
        var call = Call(what: "what refers to \(subject.short) in \(repository)")
        call.headers = [("Accept", OCIIndex.type)]
        let listed = try await retrying { () -> [UInt8]? in
            let answer = try await send("referrers/sha256:\(subject)", call)
            if [.notFound, .badRequest, .methodNotAllowed].contains(answer.status) { return nil }
            try await check(answer, .ok, of: call)
            return try await Self.naming(host) {
                try await transport.document(of: answer, limit: Self.longestManifest)
            } ?? []
        }
        if let listed { return try index(listed, "the list of what refers to \(subject.short)").manifests }
        // [distribution specification, "Referrers tag schema"] Registries without the referrers API store the list
        // under a tag.
        guard let stored = try await manifest(Self.referrersTag(of: subject)) else { return [] }
        return try index(stored.bytes, "the tag of what refers to \(subject.short)").manifests
    }

    /// The repository's tags, read page by page.
    /// - Parameter limit: the most tags to read.
    func tags(limit: Int) async throws -> [String] {
        var tags: [String] = []
        var place = try address("/v2/\(repository)/tags/list?n=1000")
        let call = Call(what: "list of tags of \(repository)")
        while tags.count < limit {
            let (bytes, next) = try await retrying { () -> ([UInt8]?, String?) in
                let answer = try await send(to: place, call)
                try await check(answer, .ok, of: call)
                let link = answer.headers.first(name: "Link").flatMap { $0.firstMatch(of: /<([^>]{1,2000})>/) }
                let bytes = try await Self.naming(host) {
                    try await transport.document(of: answer, limit: Self.longestManifest)
                }
                return (bytes, link.map { String($0.1) })
            }
            guard let bytes, let json = try? JSONValue(parsing: bytes) else {
                throw DistributionError.badAnswer(host, "its list of tags is none")
            }
            guard case .array(let page)? = json["tags"] else { break }
            tags += page.compactMap(\.string).filter(OCIReference.isTag)
            guard let next, !page.isEmpty else { break }
            place = try address(next)
        }
        return Array(tags.prefix(limit))
    }

    static func referrersTag(of subject: SHA256Digest) -> String { "sha256-\(subject)" }

    func index(_ bytes: [UInt8], _ what: String) throws -> OCIIndex {
        try OCILayout.decode(OCIIndex.self, from: bytes, of: "\(host): \(what)")
    }

    /// Retries requests that failed with a temporary error.
    func retrying<Value>(_ body: () async throws -> Value) async throws -> Value {
        try await transport.settings.retries.run { try await body() }
    }
}
