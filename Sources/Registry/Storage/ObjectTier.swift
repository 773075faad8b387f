import BinaryIO
import ObjectStorage
import Synchronization
import SystemPackage

/// Object storage that holds a registry's files. The connection is made when it is first needed, so that a registry
/// whose files are all on the disk works without it.
final class ObjectTier: Sendable {
    let note: TierNote
    private let access: TierAccess
    private let opened = Mutex<S3Store?>(nil)
    /// Sizes by name, as object storage reported them; nil for a file that does not exist.
    private let sizes = Mutex<[String: Int?]>([:])
    /// Whether a file was downloaded since room was last made.
    private let hasGrown = Atomic(false)

    /// The last connection error, and when it happened.
    private let failure = Mutex<(error: ObjectStorageError, since: ContinuousClock.Instant)?>(nil)
    /// The pause after all tries of one request failed. Without it, a caller that needs many files would wait for each.
    private static let pause = Duration.seconds(60)

    init(_ note: TierNote, _ access: TierAccess, opened store: S3Store? = nil) {
        (self.note, self.access) = (note, access)
        opened.withLock { $0 = store }
    }

    /// - Throws: `ObjectStorageError`.
    private func store() throws -> S3Store {
        try opened.withLock { opened in
            if let opened { return opened }
            let own = S3Settings.ownEndpoint(access.environment)
            guard own == note.endpoint else {
                throw ObjectStorageError.badEndpoint(
                    note.endpoint.map {
                        "\(note.place) is at \($0.visible), and the environment names \(own.map(\.visible) ?? "none")"
                    }
                        ?? "\(note.place) is at Amazon's, and the environment names \(own?.visible ?? "none")"
                )
            }
            var environment = access.environment
            // The region that requests are signed for; it is not secret and cannot redirect requests by itself.
            environment["AWS_REGION"] = note.region
            var settings = try S3Settings(environment: environment)
            access.adjust(&settings)
            let store = try S3Store(S3Place(note.place), settings)
            opened = store
            return store
        }
    }

    /// Sends a request to object storage, unless it was unreachable a moment ago.
    /// - Throws: `ObjectStorageError`.
    func asking<Value>(_ body: (S3Store) throws -> Value) throws -> Value {
        if let failure = unreachable { throw failure }
        do {
            return try body(store())
        } catch let error as ObjectStorageError {
            if case .unreachable = error { failure.withLock { $0 = (error, .now) } }
            throw error
        }
    }

    /// Why object storage cannot be reached; nil if it was not asked, or it answered.
    var unreachable: ObjectStorageError? {
        failure.withLock { failure in
            guard let known = failure, ContinuousClock.now - known.since < Self.pause else { return nil }
            return known.error
        }
    }

    /// The size of a file in object storage, in bytes; nil if it has none of this name. Answers are cached.
    func size(of name: String) throws -> Int? {
        if let known = sizes.withLock({ $0[name] }) { return known }
        let size = try asking { try $0.size(of: name) }
        sizes.withLock { $0[name] = .some(size) }
        return size
    }

    func forgetSizes() { sizes.withLock { $0 = [:] } }

    func noteGrowth() { hasGrown.store(true, ordering: .relaxed) }

    func takeGrowth() -> Bool { hasGrown.exchange(false, ordering: .relaxed) }

    /// The address of a file, for messages.
    func address(of name: String) -> String {
        (try? S3Place(note.place))?.address(of: name) ?? note.place
    }
}
