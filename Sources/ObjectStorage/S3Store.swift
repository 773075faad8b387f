import BinaryIO
import Synchronization
import SystemPackage
import Transfer

/// The objects in one place of object storage, for synchronous callers: each call waits for its answer, and several
/// threads may call at once. The value keeps its connections open until it is released.
public final class S3Store: Sendable {
    /// The place of the objects.
    public let place: S3Place
    private let client: S3Client
    private let closing: AsyncStream<Never>.Continuation
    private let hasBucket = Mutex(false)

    /// Creates a store without sending a request.
    /// - Throws: `ObjectStorageError`.
    public init(_ place: S3Place, _ settings: S3Settings) throws {
        let (stream, closing) = AsyncStream<Never>.makeStream()
        let transport = try waiting {
            try await withCheckedThrowingContinuation { ready in
                beginning {
                    do {
                        // The body returns when the store is released; nothing throws after `ready` was called.
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

    /// The address of an object, for messages.
    public func address(of name: String) -> String { place.address(of: name) }

    /// The size of an object, in bytes; nil if the bucket has none with this name.
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

    /// Reads a range of an object.
    /// - Parameter byteCount: the expected size of the whole object, in bytes; nil accepts any size.
    /// - Returns: nil if there is no object with this name.
    /// - Throws: `ObjectStorageError`; `.wrongSize` if the object has another size.
    public func bytes(_ range: Range<Int>, of name: String, byteCount: Int?) throws -> [UInt8]? {
        let client = client
        return try waiting { try await client.bytes(range, of: name, byteCount: byteCount) }
    }

    /// Downloads a whole object into a new file.
    /// - Parameter advance: called with the number of bytes downloaded; an error that it throws stops the transfer.
    /// - Returns: false if there is no object with this name; no file is created then.
    /// - Throws: `ObjectStorageError`; `.wrongSize` if the object has another size; `FileError`.
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

    /// The outcome of an upload.
    public enum Upload: Sendable {
        case stored
        /// The same bytes were already stored.
        case wasThere
    }

    /// Stores a file under a name, unless the name is taken, and verifies that it arrived.
    ///
    /// If two clients store the same file at once, one is first; the other accepts the existing object if size and
    /// checksum agree.
    /// - Parameters:
    ///   - digest: SHA-256 of the file, compared with the service's checksum if there is one.
    ///   - advance: called with the number of bytes uploaded; an error that it throws stops the upload, and the next
    ///     call resumes it.
    /// - Throws: `ObjectStorageError`; `.occupied` if the name is taken by other bytes; `FileError`.
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

    /// Removes an object; a missing object is not an error.
    /// - Throws: `ObjectStorageError`.
    public func remove(_ name: String) throws {
        let client = client
        try waiting { try await client.delete(name) }
    }
}
