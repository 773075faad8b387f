import BinaryIO
import Registry
import SystemPackage
import Transfer
import Work

/// Pulls a build in any dialect from an OCI registry, with its projector.
public struct RemotePull: Sendable {
    /// Whether to pull a model without its projector.
    public var leavesProjector = false
    /// A file of an older build to reuse bytes from; nil for none.
    public var since: FilePath?

    private let place: RemotePlace

    /// Pulls from this place.
    public init(from place: RemotePlace) { self.place = place }

    /// Downloads a build, verified before the file gets its name. It resumes an earlier attempt.
    /// - Parameter key: a file with the public key that must have signed the build; nil requires no signature.
    /// - Throws: `DistributionError`, `RegistryError.unsigned`, `FileError`, `OutputError`, errors of `progress`.
    public func write(
        to output: FilePath,
        signedBy key: FilePath? = nil,
        progress: @escaping WorkProgress
    ) throws -> PullReport {
        let reference = place.reference
        guard let name = reference.digest.map({ "sha256:\($0)" }) ?? reference.tag else {
            throw DistributionError.badReference("\(reference)", "it names no build. Add a tag, such as :1.0.0-q4_k_m")
        }
        let key = try key.map { try SigningKey.Public(file: $0) }
        let projectorOutput = BuildPull.projectorPath(beside: output)
        try checkOutput(output, replacing: [])
        return try place.with("pulling from \(reference.host)", progress) { client, meter in
            let manifest = try await RemoteManifest(name, in: client)
            let projector = leavesProjector ? nil : manifest.projector
            if projector != nil { try checkOutput(projectorOutput, replacing: []) }
            let total = manifest.file.size + (projector?.size ?? 0)
            try checkSpace(for: total, at: output)
            meter.expect(total)
            if let key { try await checkSignature(of: manifest, by: key, client) }
            let pulled = try await projector.asyncMap { try await fetch($0, to: projectorOutput, client, meter) }
            let (file, way) = try await update(manifest, to: output, client, meter)
            var report = PullReport(
                build: "\(reference)",
                output: file.output,
                sha256: file.sha256,
                bytes: file.bytes,
                projector: pulled
            )
            report.update = way?.rawValue
            report.bytesFetched = (file.bytesFetched ?? 0) + (pulled?.bytesFetched ?? 0)
            return report
        }
    }

    private func fetch(
        _ descriptor: OCIDescriptor,
        to output: FilePath,
        _ client: OCIClient,
        _ meter: TransferMeter
    ) async throws -> PulledFile {
        let fetch = blob(descriptor, to: output, client, meter)
        return pulled(fetch, fetched: try await fetch.run())
    }

    /// Downloads the model's own file, using an older file if there is one.
    private func update(
        _ manifest: RemoteManifest,
        to output: FilePath,
        _ client: OCIClient,
        _ meter: TransferMeter
    ) async throws -> (PulledFile, UpdateFetch.Way?) {
        guard let since else { return (try await fetch(manifest.file, to: output, client, meter), nil) }
        let whole = blob(manifest.file, to: output, client, meter)
        let (fetched, way) = try await UpdateFetch(old: since, whole: whole, manifest: manifest.digest).run()
        return (pulled(whole, fetched: fetched), way)
    }

    private func blob(
        _ descriptor: OCIDescriptor,
        to output: FilePath,
        _ client: OCIClient,
        _ meter: TransferMeter
    ) -> BlobFetch {
        guard let digest = descriptor.sha256 else { preconditionFailure("the manifest was looked through") }
        return BlobFetch(client: client, digest: digest, size: descriptor.size, output: output) {
            meter.update("\(digest)", $0)
        }
    }

    private func pulled(_ fetch: BlobFetch, fetched: Int) -> PulledFile {
        PulledFile(
            build: "\(place.reference)",
            output: fetch.output.string,
            sha256: fetch.digest,
            bytes: fetch.size,
            bytesFetched: fetched
        )
    }

    private func checkSignature(
        of manifest: RemoteManifest,
        by key: SigningKey.Public,
        _ client: OCIClient
    ) async throws {
        guard let digest = manifest.file.sha256 else { preconditionFailure("the manifest was looked through") }
        let known = try await client.referrers(of: manifest.digest)
        for referrer in known where referrer.artifactType == PushedDocument.signatureType {
            guard let stored = try await client.manifest(referrer.digest),
                let bundle = try? OCILayout.decode(OCIManifest.self, from: stored.bytes, of: client.host).layers.first
            else { continue }
            let bytes = try await client.document(bundle, limit: SigningKey.Public.longestBundle)
            if key.accepts(bundle: String(decoding: bytes, as: UTF8.self), over: digest) { return }
        }
        throw RegistryError.unsigned("\(place.reference)", detail: "no signature by this key is attached to it")
    }
}

extension Optional {
    /// `map` with an asynchronous body.
    fileprivate func asyncMap<Value>(_ body: (Wrapped) async throws -> Value) async throws -> Value? {
        guard let self else { return nil }
        return try await body(self)
    }
}
