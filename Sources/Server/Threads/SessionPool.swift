import Answers
import BinaryIO
import Distribution
import Registry
import Synchronization
import SystemPackage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// The state of a registry's files at some moment. An answer stays valid as long as the state is the same.
struct RegistryState: Hashable, Sendable {
    /// The identity of the database file, and its last change.
    private let database: FileMark
    private let log: FileMark?
    /// Deltas are stored beside the database, which does not record them.
    private let deltas: FileMark?

    /// - Returns: nil if there is no database.
    init?(_ path: FilePath) {
        guard let database = FileMark(path) else { return nil }
        self.database = database
        log = FileMark(FilePath(path.string + "-wal"))
        deltas = FileMark(DeltaShelf(beside: path).folder)
    }

    /// Whether both states are of the same file, changed or not.
    func isSameFile(as other: RegistryState) -> Bool {
        (database.device, database.number) == (other.database.device, other.database.number)
    }

    private struct FileMark: Hashable, Sendable {
        let device: UInt64
        let number: UInt64
        let byteCount: Int
        let modified: Int

        init?(_ path: FilePath) {
            var status = stat()
            guard stat(path.string, &status) == 0 else { return nil }
            (device, number) = (UInt64(truncatingIfNeeded: status.st_dev), UInt64(status.st_ino))
            byteCount = Int(status.st_size)
            #if canImport(Darwin)
                let time = status.st_mtimespec
            #else
                let time = status.st_mtim
            #endif
            modified = Int(time.tv_sec) * 1_000_000_000 + Int(time.tv_nsec)
        }
    }
}

/// Open sessions of one registry, one for each thread that queries at a time, because a session has a single
/// connection. If the file was moved, replaced or damaged, its sessions are closed and new ones opened.
final class SessionPool: Sendable {
    private struct Opened: Sendable {
        let session: RegistrySession
        let state: RegistryState
    }

    let path: FilePath
    private let idle = Mutex<[Opened]>([])

    init(_ path: FilePath) { self.path = path }

    /// The current state of the registry.
    /// - Throws: `RegistryError.missing`.
    func state() throws -> RegistryState {
        guard let state = RegistryState(path) else { throw RegistryError.missing(path) }
        return state
    }

    /// Runs `body` with a session that no other thread uses meanwhile.
    /// - Throws: `RegistryError`, errors of `body`.
    func with<Value>(_ body: (RegistrySession) throws -> Value) throws -> Value {
        let state = try state()
        let opened = try take(state) ?? Opened(session: RegistrySession(path), state: state)
        do {
            let value = try body(opened.session)
            idle.withLock { $0.append(opened) }
            return value
        } catch {
            if Self.isOfConnection(error) {
                try? opened.session.close()
            } else {
                idle.withLock { $0.append(opened) }
            }
            throw error
        }
    }

    private func take(_ state: RegistryState) -> Opened? {
        let (found, old) = idle.withLock { idle in
            let old = idle.filter { !$0.state.isSameFile(as: state) }
            idle.removeAll { !$0.state.isSameFile(as: state) }
            return (idle.popLast(), old)
        }
        for opened in old { try? opened.session.close() }
        return found
    }

    /// Whether a new connection may solve the problem.
    private static func isOfConnection(_ error: any Error) -> Bool {
        guard let error = error as? RegistryError else { return false }
        switch error {
        case .notFound, .invalidName, .invalidValue, .ambiguousType: return false
        default: return true
        }
    }

    func close() {
        let opened = idle.withLock { idle in
            defer { idle = [] }
            return idle
        }
        for opened in opened { try? opened.session.close() }
    }
}
