import BinaryIO
import Foundation
import SystemPackage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// A file in a folder that several machines may write at once: its bytes are written under a unique name, and a rename
/// makes it appear whole under its own name.
///
/// `AtomicFile` distinguishes writers by process ids, which two machines may share.
struct SharedFile: ~Copyable {
    private let temporary: FilePath
    private let descriptor: FileDescriptor
    private var count = 0
    private var isOpen = true

    /// Creates a new file in a folder of such files, which is created if missing.
    /// - Throws: `FileError`.
    init(in folder: FilePath) throws {
        try makeFolder(folder)
        let name = "\(Machine.name).\(getpid()).\(UUID().uuidString)"
        let temporary = folder.appending(name)
        let descriptor = try naming("create", temporary) {
            try FileDescriptor.open(
                temporary,
                .readWrite,
                options: [.create, .exclusiveCreate, .closeOnExec],
                permissions: [.ownerReadWrite, .groupRead, .otherRead]
            )
        }
        (self.temporary, self.descriptor) = (temporary, descriptor)
    }

    deinit {
        guard isOpen else { return }
        try? descriptor.close()
        unlink(temporary.string)
    }

    mutating func write(_ bytes: UnsafeRawBufferPointer) throws {
        try naming("write", temporary) { _ = try descriptor.writeAll(toAbsoluteOffset: Int64(count), bytes) }
        count += bytes.count
    }

    /// Shares another file's blocks if the disk supports it; otherwise returns false.
    func clone(_ path: FilePath) -> Bool {
        #if os(Linux)
            // FICLONE of linux/fs.h, which Swift does not import.
            let request: UInt = 0x4004_9409
            guard let source = try? FileDescriptor.open(path, .readOnly, options: .closeOnExec) else { return false }
            defer { try? source.close() }
            return ioctl(descriptor.rawValue, request, source.rawValue) == 0
        #else
            return false
        #endif
    }

    /// Makes the bytes durable and renames the file to its final path.
    /// - Parameter isDurable: false for notes, whose loss costs little.
    consuming func commit(as path: FilePath, isDurable: Bool = true) throws {
        let (temporary, descriptor) = (temporary, descriptor)
        if isDurable { try naming("sync", path) { try synchronize(descriptor) } }
        isOpen = false
        do {
            // Network file systems report a full disk here.
            try naming("close", path) { try descriptor.close() }
            guard rename(temporary.string, path.string) == 0 else {
                throw FileError("rename into place", path, errno: Errno(rawValue: errno))
            }
        } catch {
            unlink(temporary.string)
            throw error
        }
        if isDurable { try synchronizeFolder(of: path) }
    }
}

/// The machine that runs this program.
enum Machine {
    /// The machine's name with the characters that are valid in a file name: letters, digits, dots and hyphens.
    static let name: String = {
        let allowed = Set("abcdefghijklmnopqrstuvwxyz0123456789.-")
        let name = ProcessInfo.processInfo.hostName.lowercased().filter(allowed.contains).prefix(100)
        return name.first == "." || name.isEmpty ? "machine\(name)" : String(name)
    }()
}
