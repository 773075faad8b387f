import BinaryIO
import SystemPackage

/// Writes a GGUF file whose layout is known, tensor data in any order and from any thread.
public final class GGUFFileWriter: @unchecked Sendable {
    // Unchecked because AtomicFile is a plain class; only its positional write, which is safe from several threads
    // for disjoint ranges, is used between `init` and `commit`.
    /// Where each byte goes.
    public let layout: GGUFLayout
    private let file: AtomicFile

    /// Reserves the disk space and writes the header.
    /// - Parameter partial: where the unfinished file is and stays, for a writer that resumes.
    /// - Throws: `FileError` when the path cannot be written or the disk has no room.
    public init(path: FilePath, layout: GGUFLayout, partial: FilePath? = nil) throws {
        self.layout = layout
        file = try AtomicFile(path: path, partial: partial)
        try file.reserve(byteCount: layout.byteCount)
        try layout.headerBytes.withUnsafeBytes { try file.write($0, at: 0) }
    }

    /// Writes bytes of the tensor at `index`, beginning `offset` bytes into its data.
    public func write(_ bytes: UnsafeRawBufferPointer, tensor index: Int, at offset: Int) throws {
        precondition(offset >= 0 && offset + bytes.count <= layout.tensors[index].byteCount)
        try file.write(bytes, at: layout.offsets[index] + offset)
    }

    /// Makes the file durable, not yet visible.
    func seal() throws {
        try file.finish(byteCount: layout.byteCount)
        try file.seal()
    }

    /// Makes a sealed file visible under its name.
    func publish() throws { try file.commit() }

    /// Makes the file durable and visible under its name.
    public func commit() throws {
        try seal()
        try publish()
    }

    /// Gives the unfinished file up and removes it, unless it stays.
    public func discard() { file.discard() }
}
