import BinaryIO

/// Asks a cache which nodes are finished, and takes nothing out of it.
package struct CacheProbe: Sendable {
    private let place: any CachePlace

    /// - Throws: `CacheError` for an address that leads nowhere.
    package init(_ place: CacheOptions.Place) throws { self.place = try place.opened() }

    /// Whether there is a record of a finished node. Its files may be gone: those between two steps are not needed for ever.
    package func hasRecord(for key: SHA256Digest) throws -> Bool {
        try place.record(for: key).flatMap { ActionRecord($0, for: key) } != nil
    }
}

extension CacheOptions.Place {
    /// The place, ready to be asked.
    /// - Throws: `CacheError.badServer`.
    func opened() throws -> any CachePlace {
        switch self {
        case .folder(let path): return CacheFolder(path)
        case .server(let address): return try CacheServer(address)
        }
    }
}
