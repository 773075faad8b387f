import BinaryIO
import Foundation
import Synchronization
import SystemPackage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// A blob being uploaded: a file, and the digest of its bytes so far. Only one request at a time appends to it.
final class Upload: Sendable {
    private struct State {
        var offset = 0
        var hasher = SHA256Hasher()
        var isBusy = false
        var lastUse = ContinuousClock.now
    }

    let id: String
    let model: String
    let path: FilePath
    private let state = Mutex(State())

    /// - Throws: `FileError`.
    init(of model: String, in folder: FilePath) throws {
        id = UUID().uuidString.lowercased()
        self.model = model
        path = folder.appending("\(id).part")
        try makeFolder(folder)
        try writeFile([], to: path)
    }

    /// Bytes received so far.
    var offset: Int { state.withLock { $0.offset } }

    var age: Duration { state.withLock { $0.isBusy ? .zero : ContinuousClock.now - $0.lastUse } }

    /// Reserves the upload for a request; returns false if another request has it.
    func begin() -> Bool {
        state.withLock { state in
            guard !state.isBusy else { return false }
            (state.isBusy, state.lastUse) = (true, .now)
            return true
        }
    }

    func end() {
        state.withLock { state in (state.isBusy, state.lastUse) = (false, .now) }
    }

    /// Appends bytes.
    /// - Throws: `FileError`.
    func append(_ bytes: UnsafeRawBufferPointer) throws {
        let offset = offset
        let output = open(path.string, O_WRONLY | O_CLOEXEC | O_NOFOLLOW)
        guard output >= 0 else { throw FileError("open", path, errno: Errno(rawValue: errno)) }
        defer { close(output) }
        var done = 0
        while done < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
            let count = pwrite(output, rest.baseAddress, rest.count, off_t(offset + done))
            guard count > 0 else { throw FileError("write", path, errno: Errno(rawValue: errno)) }
            done += count
        }
        state.withLock { state in
            state.hasher.update(bytes)
            state.offset += bytes.count
        }
    }

    /// SHA-256 of all bytes so far.
    var digest: SHA256Digest { state.withLock { $0.hasher.finalize() } }

    func remove() { unlink(path.string) }
}
