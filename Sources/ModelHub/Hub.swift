import BinaryIO
import Foundation
import SystemPackage
import Transfer
import Work

/// The Hugging Face Hub with the local cache before it: what is here is not fetched again.
public struct Hub: Sendable {
    /// Told how far a download is; throws when the user wants to stop.
    public typealias Progress = WorkProgress
    /// Told what somebody should know although all went well.
    public typealias Remark = @Sendable (String) -> Void

    private let settings: HubSettings

    /// Uses these settings for every call.
    public init(_ settings: HubSettings) {
        self.settings = settings
    }

    /// The model's folder, by the settings of the environment; a folder's own path needs none of them.
    /// - Parameters:
    ///   - isOffline: takes a repository from the cache alone, whatever the environment says.
    ///   - remark: told what somebody should know although all went well.
    /// - Throws: `ModelHubError`, `FileError`, and whatever `progress` throws.
    public static func locate(
        _ reference: ModelReference,
        isOffline: Bool,
        progress: @escaping Progress = { _, _, _ in },
        remark: @escaping Remark = { _ in }
    ) throws -> LocatedModel {
        guard case .hub = reference else { return try HubCache().locate(reference) }
        var settings = try HubSettings()
        settings.isOffline = settings.isOffline || isOffline
        return try Hub(settings).locate(reference, progress: progress, remark: remark)
    }

    /// The model's folder, downloaded first where it is not here. Waits until all is done: threads begin and end within
    /// the call.
    /// - Throws: `ModelHubError`, `FileError`, and whatever `progress` throws.
    public func locate(
        _ reference: ModelReference,
        progress: @escaping Progress = { _, _, _ in },
        remark: @escaping Remark = { _ in }
    ) throws -> LocatedModel {
        guard case .hub(_, let revision) = reference, !settings.isOffline else {
            return try settings.cache.locate(reference)
        }
        // A commit never changes, so nobody has to be asked about one that is here.
        if HubListing.isCommit(revision), let model = try? settings.cache.locate(reference) { return model }
        return try waiting { try await fetch(reference, progress: progress, remark: remark) }
    }

    /// The model's configuration, vocabulary and the headers of its weights, for whoever wants to know its shape before it
    /// is downloaded.
    /// - Parameter folder: takes the files; the caller removes it.
    /// - Throws: `ModelHubError`, `FileError`, and whatever `progress` throws.
    public func outline(
        _ reference: ModelReference,
        in folder: FilePath,
        progress: @escaping Progress = { _, _, _ in }
    ) throws -> ModelOutline {
        guard case .hub(let repository, let revision) = reference else {
            return ModelOutline(model: try settings.cache.locate(reference), downloadBytes: 0)
        }
        return try waiting {
            try await HTTPTransport.with(settings.transport) { transport in
                let client = HubClient(settings: settings, transport: transport, repository: repository)
                return try await TransferMeter("reading \(repository)", progress).during {
                    let listing = try await settings.transport.retries.run { try await client.listing(of: revision) }
                    return try await OutlineDownload(client: client, listing: listing, folder: folder).run()
                }
            }
        }
    }

    /// As `locate`, for those who wait without a thread.
    package func fetch(
        _ reference: ModelReference,
        progress: @escaping Progress = { _, _, _ in },
        remark: @escaping Remark = { _ in }
    ) async throws -> LocatedModel {
        guard case .hub(let repository, let revision) = reference, !settings.isOffline else {
            return try settings.cache.locate(reference)
        }
        let cached = try? settings.cache.locate(reference)
        if let cached, HubListing.isCommit(revision) { return cached }
        let transfer = TransferMeter("downloading \(repository)", progress)
        return try await HTTPTransport.with(settings.transport) { transport in
            let client = HubClient(settings: settings, transport: transport, repository: repository)
            return try await transfer.during {
                let listing: HubListing
                do {
                    // Nobody should wait long for a network that is not there, least of all with a copy at hand.
                    var retries = settings.transport.retries
                    retries.attempts = cached == nil ? min(3, retries.attempts) : 1
                    listing = try await retries.run { try await client.listing(of: revision) }
                } catch let error as ModelHubError where error.isOutage {
                    guard let cached else { throw error }
                    remark("\(error) The copy in the local cache is used.")
                    return cached
                }
                return try await SnapshotDownload(client: client, listing: listing, progress: transfer).run(revision)
            }
        }
    }
}

extension ModelHubError {
    /// Whether the Hub cannot be asked now, and a copy that is here will do.
    fileprivate var isOutage: Bool {
        switch self {
        case .unreachable, .serverFailed, .rateLimited: true
        default: false
        }
    }
}
