import BinaryIO
import SystemPackage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// An unnamed file: its disk space is freed when it is closed, or when the process is killed.
final class Scratchpad {
    private let descriptor: FileDescriptor
    private let path: FilePath
    private(set) var count = 0

    init(beside output: FilePath) throws {
        let name = ".\(output.lastComponent?.string ?? "").\(UInt64.random(in: 0 ... .max)).frames"
        let path = output.removingLastComponent().appending(name)
        descriptor = try naming("create", path) {
            try FileDescriptor.open(
                path,
                .readWrite,
                options: [.create, .exclusiveCreate, .closeOnExec],
                permissions: .ownerReadWrite
            )
        }
        self.path = path
        unlink(path.string)
    }

    deinit { try? descriptor.close() }

    func append(_ bytes: [UInt8]) throws {
        try naming("write", path) {
            _ = try bytes.withUnsafeBytes { try descriptor.writeAll(toAbsoluteOffset: Int64(count), $0) }
        }
        count += bytes.count
    }

    func forEachSlab(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        for start in stride(from: 0, to: count, by: 1 << 20) {
            try descriptor.bytes(start..<min(start + 1 << 20, count), of: path).withUnsafeBytes(body)
        }
    }
}
