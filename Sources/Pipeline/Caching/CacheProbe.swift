import BinaryIO

/// Asks a cache which nodes are finished, without fetching anything.
package struct CacheProbe: Sendable {
    private let place: any CachePlace

    /// - Throws: `CacheError` for an invalid address.
    package init(_ place: CacheOptions.Place) throws { self.place = try place.opened() }

    /// Whether there is a record of a finished node. Its files may have been evicted: files between two steps are not
    /// needed forever.
    package func hasRecord(for key: SHA256Digest) throws -> Bool {
        try place.record(for: key).flatMap { ActionRecord($0, for: key) } != nil
    }
}

extension CacheOptions.Place {
    /// Opens the place.
    /// - Throws: `CacheError.badServer`.
    func opened() throws -> any CachePlace {
        switch self {
        case .folder(let path): return CacheFolder(path)
        case .server(let address): return try CacheServer(address)
        }
    }
}
