import BinaryIO
import Foundation
import SystemPackage
import Transfer
import Work

/// The Hugging Face Hub with a local cache: cached files are not downloaded again.
public struct Hub: Sendable {
    /// Called with the progress of a download; throws if the user wants to stop.
    public typealias Progress = WorkProgress
    /// Called with remarks for the user on a download that succeeded.
    public typealias Remark = @Sendable (String) -> Void

    private let settings: HubSettings

    /// Creates a hub that uses these settings for every call.
    public init(_ settings: HubSettings) {
        self.settings = settings
    }

    /// The model's folder, with settings from the environment, which a local folder does not need.
    /// - Parameters:
    ///   - isOffline: whether to use only the cache, whatever the environment says.
    ///   - remark: called with remarks for the user on a download that succeeded.
    /// - Throws: `ModelHubError`, `FileError`, errors of `progress`.
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

    /// The model's folder, downloaded first if it is not cached. Blocks until the download is complete; all threads end
    /// within the call.
    /// - Throws: `ModelHubError`, `FileError`, errors of `progress`.
    public func locate(
        _ reference: ModelReference,
        progress: @escaping Progress = { _, _, _ in },
        remark: @escaping Remark = { _ in }
    ) throws -> LocatedModel {
        guard case .hub(_, let revision) = reference, !settings.isOffline else {
            return try settings.cache.locate(reference)
        }
        // A commit never changes, so a cached one needs no request.
        if HubListing.isCommit(revision), let model = try? settings.cache.locate(reference) { return model }
        return try waiting { try await fetch(reference, progress: progress, remark: remark) }
    }

    /// Downloads the model's configuration, vocabulary and the headers of its weights, which determine its shape.
    /// - Parameter folder: the folder for the files; the caller removes it.
    /// - Throws: `ModelHubError`, `FileError`, errors of `progress`.
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

    /// Like `locate`, without blocking a thread.
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
                    // Nobody should wait long for an unreachable network, least of all with a cached copy.
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
    /// Whether the Hub cannot be reached now, so that a cached copy is acceptable.
    fileprivate var isOutage: Bool {
        switch self {
        case .unreachable, .serverFailed, .rateLimited: true
        default: false
        }
    }
}
