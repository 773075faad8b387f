import BinaryIO
import Foundation
import Synchronization
import SystemPackage
import Work

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// Claims the nodes that this run makes: another run that needs the same nodes waits for them instead of making them
/// twice.
///
/// A claim is a file `making/<key>`, created exclusively, that names the machine and the process. Its time is renewed
/// every few seconds. A claim of an ended process is taken over at once; one from another machine, after its time has
/// not changed for a minute. A run that was suspended for that long may lose its claim: then two runs make the same
/// bytes, which only costs work.
final class NodeClaims: Sendable {
    /// The interval between renewals of a claim, in seconds.
    static let beat: TimeInterval = 5
    /// The time without a renewal after which another run takes a claim over, in seconds.
    static let patience: TimeInterval = 60
    private static let sizeLimit = 1000

    /// One claimed node. The file stays open, so that a renewal never touches a successor's file.
    private struct Claim {
        let path: FilePath
        let file: FileDescriptor
    }

    private let text: String
    private let claims = Mutex<[Claim]>([])
    private let heart = Heart()

    /// Claims all nodes, in the order of their keys, so that two runs never wait for each other.
    /// - Parameters:
    ///   - folder: the folder of the claims; created if missing.
    ///   - waiting: called once for each node that another run makes, with that run's machine and process.
    /// - Throws: `FileError` if the folder is not writable; `Interruption.Stopped`.
    init(_ keys: [SHA256Digest], in folder: FilePath, waiting: (_ key: SHA256Digest, _ other: String) throws -> Void)
        throws
    {
        text = "\(Machine.name) \(getpid()) \(UUID().uuidString)\n"
        try makeFolder(folder)
        Thread.detachNewThread { [heart, weak self] in while heart.beats(after: Self.beat) { self?.renew() } }
        do {
            for key in Set(keys).sorted(by: { "\($0)" < "\($1)" }) {
                try take(folder.appending("\(key)")) { try waiting(key, $0) }
            }
        } catch {
            end()
            throw error
        }
    }

    deinit { end() }

    /// Releases the nodes for the next run.
    func end() {
        heart.stop()
        let ended = claims.withLock { claims in
            defer { claims = [] }
            return claims
        }
        for claim in ended {
            if Self.text(at: claim.path) == text { unlink(claim.path.string) }
            try? claim.file.close()
        }
    }

    private func renew() { claims.withLock { for claim in $0 { futimens(claim.file.rawValue, nil) } } }

    private func take(_ path: FilePath, waiting: (String) throws -> Void) throws {
        var other = OtherClaim()
        var isTold = false
        while true {
            if let file = try create(path) {
                claims.withLock { $0.append(Claim(path: path, file: file)) }
                return
            }
            switch other.look(at: path) {
            case .abandoned(let text): Self.remove(path, saying: text)
            case .held(let owner):
                if let owner, !isTold { try waiting(owner) }
                isTold = isTold || owner != nil
                try Interruption.check()
                Thread.sleep(forTimeInterval: 0.1)
            }
        }
    }

    /// - Returns: the claim, open for reading, which is enough to renew it; nil if another run has it.
    private func create(_ path: FilePath) throws -> FileDescriptor? {
        do {
            let file = try FileDescriptor.open(
                path,
                .writeOnly,
                options: [.create, .exclusiveCreate, .closeOnExec],
                permissions: [.ownerReadWrite, .groupRead, .otherRead]
            )
            _ = try file.closeAfter { try file.writeAll(text.utf8) }
            return try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
        } catch Errno.fileExists {
            return nil
        } catch let error as Errno {
            throw FileError("create", path, errno: error)
        }
    }

    /// Removes an abandoned claim. If several runs find it, one of them may remove the successor's claim; it is put
    /// back then.
    private static func remove(_ path: FilePath, saying text: String) {
        let aside = FilePath("\(path).\(UUID().uuidString)")
        guard rename(path.string, aside.string) == 0 else { return }
        if Self.text(at: aside) ?? "" != text { link(aside.string, path.string) }
        unlink(aside.string)
    }

    private static func text(at path: FilePath) -> String? {
        (try? readFile(path, limit: sizeLimit)).map { String(decoding: $0, as: UTF8.self) }
    }

    /// What a waiting run knows about the run that it waits for.
    private struct OtherClaim {
        enum Finding {
            case abandoned(String)
            /// A run claims the node; `owner` is nil if the claim does not name it yet.
            case held(owner: String?)
        }

        private var last: (text: String, modified: Int)?
        private var since = ContinuousClock.now

        mutating func look(at path: FilePath) -> Finding {
            // An unreadable claim was only just created, or is gone: the next look shows it, or it is never renewed.
            let text = NodeClaims.text(at: path) ?? ""
            let modified = FileStatus(path)?.modified ?? 0
            let words = text.split(whereSeparator: \.isWhitespace)
            let process = words.count == 3 ? pid_t(words[1]) : nil
            if let process, words[0] == Machine.name, kill(process, 0) == -1, errno == ESRCH { return .abandoned(text) }
            if last?.text != text || last?.modified != modified { (last, since) = ((text, modified), .now) }
            // Only this machine's clock counts, because the clocks of two machines may differ.
            if ContinuousClock.now - since > .seconds(NodeClaims.patience) { return .abandoned(text) }
            return .held(
                owner: process.map { words[0] == Machine.name ? "process \($0)" : "\(words[0]), process \($0)" }
            )
        }
    }
}

/// Beats until it is stopped, after which no thread waits for the next beat.
private final class Heart: Sendable {
    private let condition = NSCondition()
    private let isStopped = Mutex(false)

    /// Waits for the next beat.
    /// - Returns: false once it is stopped.
    func beats(after seconds: TimeInterval) -> Bool {
        let beat = Date() + seconds
        return condition.withLock {
            while !isStopped.withLock({ $0 }) {
                if !condition.wait(until: beat) { return true }
            }
            return false
        }
    }

    func stop() {
        condition.withLock {
            isStopped.withLock { $0 = true }
            condition.broadcast()
        }
    }
}
