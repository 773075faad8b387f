import BinaryIO
import Registry
import SystemPackage
import Transfer

/// Attaches deltas from earlier versions to a build that is pushed.
struct DeltaOffer {
    private let registry: ModelRegistry
    private let build: DescribedBuild
    private let subject: OCIDescriptor
    private let outlet: Outlet

    init(_ registry: ModelRegistry, _ build: DescribedBuild, to subject: OCIDescriptor, _ outlet: Outlet) {
        (self.registry, self.build, self.subject, self.outlet) = (registry, build, subject, outlet)
    }

    /// - Parameter count: the number of earlier versions; deltas that are already attached are not made again.
    /// - Returns: bytes that were uploaded.
    func send(from count: Int) async throws -> Int {
        guard count > 0, !build.record.name.isProjector, let digest = subject.sha256 else { return 0 }
        let attached = Set(
            try await outlet.client.referrers(of: digest).compactMap { $0.annotations?[PushedDocument.oldKey] }
        )
        var sent = 0
        for old in try registry.predecessors(of: build.record).prefix(count)
        where !attached.contains("sha256:\(old.digest)") {
            guard let made = try delta(from: old) else { continue }
            outlet.meter.expect(more: made.bytes)
            if case .sent(let bytes) = try await outlet.send(DeltaSource(entry: made), label: "\(made.digest)") {
                sent += bytes
            }
            let manifest = made.manifest(to: build, subject)
            try await Referrers(outlet, subject, created: build.created).tie([manifest])
        }
        return sent
    }

    private func delta(from old: BuildRecord) throws -> DeltaShelf.Entry? {
        let meter = outlet.meter
        defer { meter.resume() }
        return try DeltaShelf(beside: registry.path).delta(from: old, to: build.record, in: registry) {
            try Task.checkCancellation()
            meter.interrupt(with: $0, $1, $2)
        }
    }
}

extension DeltaShelf.Entry {
    /// The manifest that attaches the delta to the manifest of the new build.
    func manifest(to build: DescribedBuild, _ subject: OCIDescriptor) -> OCIManifest {
        let blob = OCIDescriptor(mediaType: PushedDocument.deltaType, digest: "sha256:\(digest)", size: bytes)
        return OCIManifest(
            artifactType: PushedDocument.deltaType,
            config: OCIEmpty.descriptor,
            layers: [blob],
            subject: subject,
            annotations: [
                PushedDocument.oldKey: "sha256:\(from)",
                "org.opencontainers.image.created": build.created,
                OCIDescriptor.titleKey: "\(build.stem)-from-\(from.short).delta",
            ]
        )
    }
}

extension ModelRegistry {
    /// Earlier versions' builds of the same type, latest first; builds with the same bytes are left out.
    func predecessors(of build: BuildRecord) throws -> [BuildRecord] {
        try builds(matching: BuildFilter(model: build.name.model, type: build.name.type)).filter {
            $0.name.version < build.name.version && $0.digest != build.digest
        }
    }
}

/// The bytes of a delta on the shelf.
private struct DeltaSource: BlobSource {
    let entry: DeltaShelf.Entry
    var digest: SHA256Digest { entry.digest }
    var count: Int { entry.bytes }

    func read(_ range: Range<Int>) throws -> [UInt8] { try entry.read(range) }
}
