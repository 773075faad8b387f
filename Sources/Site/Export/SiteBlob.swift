import BinaryIO
import Registry
import SystemPackage
import Work

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// A build's file for a site: a link to the registry's own file if that is uncompressed, otherwise a decompressed copy.
package struct SiteBlob {
    let build: BuildRecord
    let registry: ModelRegistry
    let progress: WorkProgress

    package init(build: BuildRecord, registry: ModelRegistry, progress: @escaping WorkProgress) {
        (self.build, self.registry, self.progress) = (build, registry, progress)
    }

    /// Writes the file; its bytes are verified and durable when this returns.
    package func write(to file: FilePath) throws {
        if let plain = registry.plainFile(of: build), share(plain, as: file) {
            guard try SHA256Digest(ofFile: file) == build.digest else {
                unlink(file.string)
                throw RegistryError.damagedObject(build.digest, path: plain, detail: "its bytes have another SHA-256")
            }
            return
        }
        try registry.pull(build.name, to: file) { transfer in
            try progress("unpacking \(transfer.build)", transfer.doneBytes, transfer.totalBytes)
        }
    }

    /// Shares the bytes of a file: as a copy-on-write clone if the file system supports it, otherwise as a hard link.
    /// The files of the registry and of the site are read-only.
    /// - Returns: false if the folders are on different disks.
    private func share(_ plain: FilePath, as file: FilePath) -> Bool {
        #if canImport(Darwin)
            if clonefile(plain.string, file.string, 0) == 0 { return true }
        #else
            if clone(plain, as: file) { return true }
        #endif
        return link(plain.string, file.string) == 0
    }

    #if canImport(Glibc)
        /// `FICLONE` of linux/fs.h: `_IOW(0x94, 9, int)`, which Swift does not import.
        private static let cloneRequest: UInt = 0x4004_9409

        /// - Returns: false if the file system cannot clone files.
        private func clone(_ plain: FilePath, as file: FilePath) -> Bool {
            let source = open(plain.string, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
            guard source >= 0 else { return false }
            defer { close(source) }
            let copy = open(file.string, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o444)
            guard copy >= 0 else { return false }
            defer { close(copy) }
            if ioctl(copy, Self.cloneRequest, source) == 0, fsync(copy) == 0 { return true }
            unlink(file.string)
            return false
        }
    #endif
}
