import BinaryIO
import Foundation
import SystemPackage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// Says that a run is at work with a folder: what it used since it began is not evicted. Gone with the run, or when its process is.
package final class CacheLease: Sendable {
    private let path: FilePath

    /// Elsewhere it cannot be seen whether a process lives; none works this long.
    private static let longest: TimeInterval = 7 * 24 * 3600

    /// - Returns: nil where the folder cannot be written: nothing is evicted from it either.
    package init?(_ folder: CacheFolder) {
        path = folder.leases.appending("\(Machine.name)_\(getpid())_\(UUID().uuidString)")
        do { try folder.write([], to: path, isDurable: false) } catch { return nil }
    }

    deinit { end() }

    package func end() { unlink(path.string) }

    /// When the first of the runs began that are still at work, in nanoseconds since 1970; nil where none is. Leases of those that are gone
    /// are removed.
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
