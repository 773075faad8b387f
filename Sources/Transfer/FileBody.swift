import BinaryIO
import NIOCore
import SystemPackage

/// A file as the body of a request, read while it is sent.
struct FileBody: AsyncSequence, Sendable {
    let path: FilePath

    /// The number of bytes that are read at a time.
    private static let pieceBytes = 1 << 18

    func makeAsyncIterator() -> Iterator { Iterator(path: path) }

    final class Iterator: AsyncIteratorProtocol {
        private let path: FilePath
        private var descriptor: SystemPackage.FileDescriptor?
        private var offset: Int64 = 0

        init(path: FilePath) { self.path = path }

        deinit { try? descriptor?.close() }

        /// - Throws: `FileError`.
        func next() async throws -> ByteBuffer? {
            let file = try descriptor ?? openRegularFile(path).descriptor
            descriptor = file
            var buffer = ByteBufferAllocator().buffer(capacity: FileBody.pieceBytes)
            let count = try naming("read", path) {
                try buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: FileBody.pieceBytes) {
                    try file.read(fromAbsoluteOffset: offset, into: $0)
                }
            }
            offset += Int64(count)
            return count == 0 ? nil : buffer
        }
    }
}
