import BinaryIO
import Registry
import SystemPackage
import Transfer
import Work

/// Pushes builds and their metadata to an OCI registry: one blob, a manifest for each kind of client, and documents
/// that refer to the build. Tags come last, so that an interrupted push shows nothing.
public struct RegistryPush: Sendable {
    /// The kinds of clients to push for. Facts are attached to docker's manifest, which is always pushed.
    public var dialects = Dialect.allCases
    /// Size of a chunk, in bytes; two chunks are held in memory.
    public var chunkBytes = 16 << 20
    /// Additional documents about a build, beside those that a registry makes itself.
    public var documents: @Sendable (BuildRecord) throws -> [PushedDocument] = { _ in [] }

    /// The number of earlier versions of a build to offer deltas from.
    public var deltas = 0

    private let registry: ModelRegistry

    /// Pushes from this registry.
    public init(from registry: ModelRegistry) { self.registry = registry }

    /// Pushes builds.
    /// - Parameters:
    ///   - names: `model`, `model@version`, `model@channel`, each with or without `:type`; empty means all.
    ///   - remote: a repository for one model; builds of several models go to repositories below it, named after the
    ///     models. A tag is only allowed for a single build.
    /// - Throws: `RegistryError`, `DistributionError`, errors of `progress`.
    public func run(_ names: [String], to remote: RemotePlace, progress: @escaping WorkProgress) throws -> PushReport {
        let place = remote.reference
        let builds = try registry.select(names)
        guard !builds.isEmpty else { throw RegistryError.notFound("a build", available: []) }
        guard place.digest == nil else {
            throw DistributionError.badReference(
                "\(place)",
                "a push names no digest, since that follows from what is pushed"
            )
        }
        let models = Set(builds.map(\.name.model))
        let tagged = builds.filter { !$0.name.isProjector }
        guard place.tag == nil || tagged.count == 1 else {
            throw DistributionError.badReference(
                "\(place)",
                "a tag is for one build, and these are \(tagged.count); without one, each is tagged by version and type"
            )
        }
        // A projector that several builds share counts once; blobs that are already there count as done.
        let sizes = Dictionary(builds.map { ($0.digest, $0.fileBytes) }) { first, _ in first }
        return try remote.with("pushing to \(place.host)", progress) { root, meter in
            meter.expect(sizes.values.reduce(0, +))
            return try await push(builds, to: place, root, isSplit: models.count > 1, meter)
        }
    }

    private func push(
        _ builds: [BuildRecord],
        to place: OCIReference,
        _ root: OCIClient,
        isSplit: Bool,
        _ meter: TransferMeter
    ) async throws -> PushReport {
        let folder = FilePath("\(registry.path).work").appending("uploads")
        let known = KnownBlobs(folder, host: place.host)
        defer { known.save() }
        var report = PushReport()
        var entries: [RemoteIndex.Entry] = []
        for build in builds {
            let repository = isSplit ? "\(place.repository)/\(build.name.model)" : place.repository
            let target = try OCIReference("\(OCIReference.scheme)\(place.host)/\(repository)")
            let client = root.beside(target.repository)
            let outlet = Outlet(client: client, known: known, folder: folder, chunkBytes: chunkBytes, meter: meter)
            let described = DescribedBuild(build, try registry.projector(of: build))
            let file = BuildSource(bytes: try registry.bytes(of: build.digest))
            count(try await outlet.send(file, label: "\(build.digest)"), build.fileBytes, &report)
            let tag = build.name.isProjector ? nil : place.tag
            let subject = try await pushManifests(of: described, tag, to: target, outlet, &report)
            try await attach(described, to: subject, outlet)
            report.bytesSent += try await DeltaOffer(registry, described, to: subject, outlet).send(from: deltas)
            let digest = "\(subject.digest)"
            let head = try registry.partList(of: build).parts[0]
            entries.append(
                RemoteIndex.Entry(
                    repository: repository,
                    manifest: digest,
                    head: head,
                    details: try registry.details(of: build)
                )
            )
        }
        // Tags and the index are written once everything else is uploaded.
        for manifest in report.pushed {
            let reference = try OCIReference(manifest.reference)
            let client = root.beside(reference.repository)
            guard let stored = try await client.manifest(manifest.digest), let tag = reference.tag else {
                throw DistributionError.missing(place.host, what: "manifest \(manifest.digest), which was just pushed")
            }
            try await client.put(stored.bytes, as: stored.mediaType, under: tag)
        }
        let channels = try registry.versions().flatMap { version in
            version.channels.map { MirroredChannel(model: version.model, name: $0, version: version.version) }
        }
        let versions = Set(builds.map { "\($0.name.model)@\($0.name.version)" })
        let moved = channels.filter { versions.contains("\($0.model)@\($0.version)") }
        try await RemoteIndex(builds: entries, channels: moved).merge(into: root)
        return report
    }

    private func count(_ outcome: BlobUpload.Outcome, _ bytes: Int, _ report: inout PushReport) {
        switch outcome {
        case .wasThere: break
        case .mounted: report.bytesMounted += bytes
        case .sent(let sent): report.bytesSent += sent
        }
    }

    /// - Returns: docker's manifest, which facts are attached to.
    private func pushManifests(
        of build: DescribedBuild,
        _ tag: String?,
        to target: OCIReference,
        _ outlet: Outlet,
        _ report: inout PushReport
    ) async throws -> OCIDescriptor {
        let wanted = [Dialect.docker] + (build.record.name.isProjector ? [] : dialects.filter { $0 != .docker })
        var subject: OCIDescriptor?
        for dialect in wanted {
            let made = try dialect.manifest(of: build)
            try await outlet.client.send(document: made.config.bytes)
            let bytes = try made.encoded()
            let type = made.manifest.mediaType ?? OCIManifest.ociType
            let descriptor = OCIDescriptor(of: bytes, as: type)
            try await outlet.client.put(bytes, as: type, under: descriptor.digest)
            if dialect == .docker { subject = descriptor }
            let name =
                tag.map { dialect == .docker ? $0 : "\($0)-\(dialect.rawValue)" } ?? dialect.tag(of: build.record.name)
            guard OCIReference.isTag(name) else {
                throw DistributionError.badReference(name, "it is not a valid tag: those have at most 128 characters")
            }
            report.pushed.append(
                PushReport.Manifest(
                    build: "\(build.record.name)",
                    dialect: dialect,
                    reference: "\(target.tagged(name))",
                    digest: descriptor.digest
                )
            )
        }
        guard let subject else { preconditionFailure("docker's manifest is always made") }
        return subject
    }

    /// Attaches facts, signatures, the list of parts, and additional documents to the build's manifest.
    private func attach(_ build: DescribedBuild, to subject: OCIDescriptor, _ outlet: Outlet) async throws {
        let own = try registry.documents(about: build)
        try await Referrers(outlet, subject, created: build.created).add(own + documents(build.record))
    }
}

/// The published bytes of a build, whatever the registry's encoding.
private struct BuildSource: BlobSource {
    let bytes: BuildBytes
    var digest: SHA256Digest { bytes.digest }
    var count: Int { bytes.count }

    func read(_ range: Range<Int>) throws -> [UInt8] { try bytes.read(range) }
}
