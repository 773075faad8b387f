import Foundation
import SystemPackage

#if canImport(Glibc)
    import Glibc
#endif

/// A disk of a few megabytes in memory, to be full in no time. Needs Linux and root; `isAvailable` says whether it works.
public final class SmallDisk: Sendable {
    public let folder: ScratchFolder

    public init(bytes: Int) throws {
        folder = try ScratchFolder()
        #if canImport(Glibc)
            guard mount("tmpfs", folder.path.string, "tmpfs", 0, "size=\(bytes)") == 0 else {
                throw Errno(rawValue: errno)
            }
        #else
            throw Errno.notSupported
        #endif
    }

    /// From now on it has this room.
    public func resize(to bytes: Int) throws {
        #if canImport(Glibc)
            guard mount("tmpfs", folder.path.string, "tmpfs", UInt(MS_REMOUNT), "size=\(bytes)") == 0 else {
                throw Errno(rawValue: errno)
            }
        #endif
    }

    /// From now on nothing can be written.
    public func makeReadOnly() throws {
        #if canImport(Glibc)
            guard mount("tmpfs", folder.path.string, "tmpfs", UInt(MS_REMOUNT | MS_RDONLY), nil) == 0
            else {
                throw Errno(rawValue: errno)
            }
        #endif
    }

    /// Takes up what is free but for some bytes.
    public func fill(leaving bytes: Int) throws {
        var status = statvfs()
        guard statvfs(folder.path.string, &status) == 0 else { throw Errno(rawValue: errno) }
        let free = Int(status.f_bavail) * Int(status.f_frsize)
        try folder.write(Data(count: max(0, free - bytes)), to: "filler")
    }

    deinit {
        #if canImport(Glibc)
            umount2(folder.path.string, Int32(MNT_DETACH))
        #endif
    }

    public static let isAvailable = (try? SmallDisk(bytes: 1 << 20)) != nil
    public static let need = "needs leave to mount a file system in memory (root on Linux)"
}
