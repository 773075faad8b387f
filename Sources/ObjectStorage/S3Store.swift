import BinaryIO
import Synchronization
import SystemPackage
import Transfer

/// Objects in one place of an object storage, for synchronous callers: each call waits for its answer, and several
/// threads may call at once. Connections live as long as the value.
public final class S3Store: Sendable {
    /// Where the objects are.
    public let place: S3Place
    private let client: S3Client
    private let closing: AsyncStream<Never>.Continuation
    private let hasBucket = Mutex(false)

    /// Asks nothing yet.
    /// - Throws: `ObjectStorageError`.
    public init(_ place: S3Place, _ settings: S3Settings) throws {
        let (stream, closing) = AsyncStream<Never>.makeStream()
        let transport = try waiting {
            try await withCheckedThrowingContinuation { ready in
                beginning {
                    do {
                        // The body returns when the store is released; nothing throws after `ready` was told.
                        try await HTTPTransport.with(settings.transport) { transport in
                            ready.resume(returning: transport)
                            for await _ in stream {}
                        }
                    } catch { ready.resume(throwing: error) }
                }
            }
        }
        (self.place, self.closing) = (place, closing)
        client = S3Client(transport: transport, settings: settings, place: place)
    }

    deinit { closing.finish() }

    /// Where an object is, for messages.
    public func address(of name: String) -> String { place.address(of: name) }

    /// The size of an object in bytes; nil where there is none of this name in a bucket that is there.
    /// - Throws: `ObjectStorageError`.
    public func size(of name: String) throws -> Int? {
        let client = client
        if let object = try waiting({ try await client.head(name) }) { return object.byteCount }
        try checkBucket()
        return nil
    }

    /// - Throws: `ObjectStorageError.missingBucket`, `.denied`, `.unreachable`.
    public func checkBucket() throws {
        guard !hasBucket.withLock({ $0 }) else { return }
        let client = client
        try waiting { try await client.checkBucket() }
        hasBucket.withLock { $0 = true }
    }

    /// Some bytes of an object.
    /// - Parameter byteCount: what the whole object has; nil where any length will do.
    /// - Returns: nil where there is none of this name.
    /// - Throws: `ObjectStorageError`; `.wrongSize` where the object has another size.
    public func bytes(_ range: Range<Int>, of name: String, byteCount: Int?) throws -> [UInt8]? {
        let client = client
        return try waiting { try await client.bytes(range, of: name, byteCount: byteCount) }
    }

    /// Fetches a whole object into a new file.
    /// - Parameter advance: told how many bytes are here; what it throws stops the transfer.
    /// - Returns: false where there is none of this name; then there is no file.
    /// - Throws: `ObjectStorageError`; `.wrongSize` where the object has another size; `FileError`.
    public func fetch(
        _ name: String,
        byteCount: Int,
        to path: FilePath,
        advance: @escaping @Sendable (Int) throws -> Void = { _ in }
    ) throws -> Bool {
        guard let any = BlobDigest(hex: String(repeating: "0", count: 64)) else { preconditionFailure("64 digits") }
        let client = client
        return try waiting {
            let file = try PartialFile(path, of: any, size: byteCount)
            do {
                guard try await client.fetch(name, byteCount: byteCount, into: file, advance) else {
                    file.remove()
                    return false
                }
                try file.commit(as: path)
                return true
            } catch {
                file.remove()
                throw error
            }
        }
    }

    /// What an upload did.
    public enum Upload: Sendable {
        case stored
        /// Somebody else stored the same before.
        case wasThere
    }

    /// Stores a file under a name, unless something has the name, and looks whether it is there.
    ///
    /// Of two that store the same at once one is first; the other takes what is there if size and checksum agree.
    /// - Parameters:
    ///   - digest: the file's, which is compared where the service tells one.
    ///   - advance: told how many bytes are there; what it throws stops the upload, which the next call goes on with.
    /// - Throws: `ObjectStorageError`; `.occupied` where other bytes have the name; `FileError`.
    public func put(
        _ name: String,
        _ file: FilePath,
        byteCount: Int,
        digest: SHA256Digest,
        advance: @escaping @Sendable (Int) throws -> Void = { _ in }
    ) throws -> Upload {
        let client = client
        return try waiting {
            let outcome = try await client.put(name, file, byteCount: byteCount, advance)
            let what = client.place.address(of: name)
            guard let found = try await client.head(name) else {
                throw ObjectStorageError.badAnswer(what, "it was stored and is not there")
            }
            guard found.byteCount == byteCount, found.digest == nil || found.digest == S3Client.base64(digest) else {
                throw ObjectStorageError.occupied(what)
            }
            return outcome == .stored ? .stored : .wasThere
        }
    }

    /// Removes an object; one that is not there is none to remove.
    /// - Throws: `ObjectStorageError`.
    public func remove(_ name: String) throws {
        let client = client
        try waiting { try await client.delete(name) }
    }
}
