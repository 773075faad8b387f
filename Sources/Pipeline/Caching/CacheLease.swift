import BinaryIO
import Foundation
import SystemPackage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// Marks a folder as in use by a run: entries that it used since it began are not evicted. The lease ends with the run,
/// or with its process.
package final class CacheLease: Sendable {
    private let path: FilePath

    /// The longest age of a lease of another machine, whose processes cannot be checked; no run takes this long.
    private static let longest: TimeInterval = 7 * 24 * 3600

    /// - Returns: nil if the folder is not writable: nothing is evicted from it either.
    package init?(_ folder: CacheFolder) {
        path = folder.leases.appending("\(Machine.name)_\(getpid())_\(UUID().uuidString)")
        do { try folder.write([], to: path, isDurable: false) } catch { return nil }
    }

    deinit { end() }

    package func end() { unlink(path.string) }

    /// Returns when the first of the active runs began, in nanoseconds since 1970; nil if none is active. Leases of
    /// ended runs are removed.
    static func earliest(in folder: CacheFolder) -> Int? {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.leases.string)) ?? []
        let now = Date().timeIntervalSince1970
        var earliest: Int?
        for name in names {
            let path = folder.leases.appending(name)
            guard let begun = FileStatus(path)?.modified else { continue }
            let parts = name.split(separator: "_")
            let isHere = parts.count == 3 && parts[0] == Machine.name
            let process = parts.count == 3 ? pid_t(parts[1]) : nil
            let isGone =
                isHere
                ? process.map { kill($0, 0) == -1 && errno == ESRCH } ?? true
                : now - Double(begun) / 1e9 > longest
            if isGone {
                unlink(path.string)
            } else {
                earliest = min(earliest ?? begun, begun)
            }
        }
        return earliest
    }
}
