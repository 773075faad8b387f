import BinaryIO
import SystemPackage
import Transfer

/// Downloads the files of one commit that a conversion needs.
struct SnapshotDownload: Sendable {
    let client: HubClient
    let listing: HubListing
    let progress: TransferMeter

    private var settings: HubSettings { client.settings }
    private var cache: CachedRepository { settings.cache.repository(client.repository) }

    /// The space to leave free on the disk after the download, in bytes.
    private static let margin = 64 << 20

    /// - Parameter revision: the branch or tag that is recorded as pointing to the commit.
    func run(_ revision: String) async throws -> LocatedModel {
        if let obstacle = listing.obstacle(in: client.repository) { throw obstacle }
        let files = try await described(listing.wantedFiles)
        var all = files
        if let index = files.first(where: { WeightsIndex.files.contains($0.path) }) {
            try await fetch([index])
            all += try await described(try shards(index))
        }
        // Counted after the index was read, so that the total is right from the first report.
        try await fetch(all, isReported: true)
        // Links are made once all blobs are complete, so that an incomplete snapshot is never taken for a complete one.
        for file in all { try cache.link(file, in: listing.commit) }
        try cache.remember(revision, as: listing.commit)
        return LocatedModel(
            folder: cache.snapshot(listing.commit),
            origin: .init(repository: client.repository, commit: listing.commit)
        )
    }

    private func shards(_ index: HubFile) throws -> [HubFile] {
        let inSnapshot = cache.path(of: index.path, in: listing.commit)
        let path = cache.hasLink(index, of: listing.commit) ? inSnapshot : index.digest.map(cache.blob) ?? inSnapshot
        return try WeightsIndex(path: path).shards.map { name in
            guard let file = listing.files.first(where: { $0.path == name }) else {
                throw ModelHubError.missingFile(repository: client.repository, file: name)
            }
            return file
        }
    }

    private func described(_ files: [HubFile]) async throws -> [HubFile] {
        var complete: [HubFile] = []
        for file in files {
            complete.append(
                try await settings.transport.retries.run { try await client.described(file, at: listing.commit) }
            )
        }
        return complete
    }

    /// Downloads the missing blobs, several at the same time.
    private func fetch(_ files: [HubFile], isReported: Bool = false) async throws {
        var digests: Set<BlobDigest> = []
        let missing = files.filter { file in
            !cache.holds(file, of: listing.commit) && file.digest.map { digests.insert($0).inserted } ?? false
        }
        guard !missing.isEmpty else { return }
        try checkSpace(for: missing)
        if isReported { progress.expect(missing.reduce(0) { $0 + ($1.size ?? 0) }) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            var waiting = missing.compactMap(download)[...]
            for download in waiting.prefix(settings.transfers) { group.addTask { try await download.run() } }
            waiting = waiting.dropFirst(settings.transfers)
            while try await group.next() != nil {
                if let download = waiting.popFirst() { group.addTask { try await download.run() } }
            }
        }
    }

    private func download(_ file: HubFile) -> BlobDownload? {
        guard let digest = file.digest, let size = file.size else { return nil }
        return BlobDownload(
            client: client,
            cache: cache,
            commit: listing.commit,
            file: file,
            digest: digest,
            size: size,
            progress: progress
        )
    }

    /// - Throws: `ModelHubError.diskFull`, before anything is downloaded.
    private func checkSpace(for files: [HubFile]) throws {
        let needed = files.reduce(Self.margin) { sum, file in
            let here = file.digest.flatMap { FileStatus(cache.partial($0))?.byteCount } ?? 0
            return sum + max(0, (file.size ?? 0) - here)
        }
        if let free = settings.freeBytes(cache.folder), free < needed {
            throw ModelHubError.diskFull(settings.cache.folder, needed: needed, free: free)
        }
    }
}
