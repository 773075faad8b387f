import BinaryIO
import SystemPackage
import Transfer

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// A model without its weights: complete small files, and weight files with only their header and length. The data of a
/// weight file is a hole that uses no disk space.
public struct ModelOutline: Sendable {
    /// The folder of the downloaded files.
    public let model: LocatedModel
    /// The size of a download of the whole model, in bytes.
    public let downloadBytes: Int
}

/// Downloads the files that determine the shape of a model at one commit: some megabytes, mostly vocabulary.
struct OutlineDownload: Sendable {
    let client: HubClient
    let listing: HubListing
    let folder: FilePath

    /// The largest small file, in bytes; any configuration or vocabulary is smaller.
    private static let largestSmallFile = 256 << 20
    /// The first request of a file, in bytes; it covers the header of most shards.
    private static let firstBytes = 256 << 10
    /// The largest header that the safetensors format allows, in bytes.
    private static let largestHeader = 100_000_000

    func run() async throws -> ModelOutline {
        if let obstacle = listing.obstacle(in: client.repository) { throw obstacle }
        // Such files do not describe their tensors at their beginning.
        guard !listing.holdsPickles else { throw ModelHubError.noOutline(repository: client.repository) }
        var bytes = 0
        for file in listing.wantedFiles { bytes += try await fetch(file) }
        let index = folder.appending(WeightsIndex.file)
        for name in FileStatus(index) == nil ? [] : try WeightsIndex(path: index).shards {
            guard let file = listing.files.first(where: { $0.path == name }) else {
                throw ModelHubError.missingFile(repository: client.repository, file: name)
            }
            bytes += try await fetch(file)
        }
        return ModelOutline(
            model: LocatedModel(
                folder: folder,
                origin: .init(repository: client.repository, commit: listing.commit)
            ),
            downloadBytes: bytes
        )
    }

    /// - Returns: the file's length, in bytes.
    private func fetch(_ listed: HubFile) async throws -> Int {
        let retries = client.settings.transport.retries
        let file = try await retries.run { try await client.described(listed, at: listing.commit) }
        guard let size = file.size else { return 0 }
        let path = folder.pushing(FilePath(file.path))
        try makeFolder(path.removingLastComponent())
        if file.path.hasSuffix(".safetensors") {
            try write(try await header(of: file, size), byteCount: size, to: path)
            return size
        }
        guard size <= Self.largestSmallFile else {
            throw client.badAnswer("'\(file.path)'", "it has \(size) bytes, too many for such a file")
        }
        let bytes = try await retries.run { try await client.beginning(of: file, at: listing.commit, count: size) }
        guard bytes.count == size else {
            throw client.badAnswer("'\(file.path)'", "\(bytes.count) bytes came where \(size) are listed")
        }
        try write(bytes, byteCount: size, to: path)
        return size
    }

    private func header(of file: HubFile, _ size: Int) async throws -> [UInt8] {
        func beginning(_ count: Int) async throws -> [UInt8] {
            try await client.settings.transport.retries.run {
                try await client.beginning(of: file, at: listing.commit, count: count)
            }
        }
        let first = try await beginning(min(size, Self.firstBytes))
        guard first.count >= 8 else { throw client.badAnswer("'\(file.path)'", "it is not a file of weights") }
        let length = first.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard length <= Self.largestHeader, Int(length) + 8 <= size else {
            throw client.badAnswer("'\(file.path)'", "its header claims \(length) bytes")
        }
        let whole = Int(length) + 8
        return first.count >= whole ? Array(first.prefix(whole)) : try await beginning(whole)
    }

    private func write(_ bytes: [UInt8], byteCount: Int, to path: FilePath) throws {
        let file = try AtomicFile(path: path)
        try file.write(bytes)
        try file.finish(byteCount: byteCount)
        try file.commit()
    }
}
