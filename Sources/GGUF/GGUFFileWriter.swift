import BinaryIO
import SystemPackage

/// Writes a GGUF file whose layout is known; tensor data may come in any order and from any thread.
public final class GGUFFileWriter: @unchecked Sendable {
    // Unchecked, because AtomicFile is a plain class; between `init` and `commit` only its positional write is used,
    // which is safe from several threads for disjoint ranges.
    /// The place of every byte.
    public let layout: GGUFLayout
    private let file: AtomicFile

    /// Reserves the disk space and writes the header.
    /// - Parameter partial: the path of the unfinished file, which is kept, for a writer that resumes.
    /// - Throws: `FileError` if the path is not writable or the disk has no room.
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

    /// Makes the file durable, but not yet visible.
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

    /// Gives up the unfinished file and removes it, unless it is kept.
    public func discard() { file.discard() }
}
