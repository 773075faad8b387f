import SystemPackage

/// Writes a model whose layout is known, in one file or several; tensor data may come in any order and from any thread.
public final class GGUFModelWriter: Sendable {
    private let files: [GGUFFileWriter]
    /// The file of each tensor of the model, and its index there.
    private let places: [(file: Int, index: Int)]

    /// Reserves the disk space and writes the headers.
    /// - Parameters:
    ///   - files: a path and a layout for each; the model's tensors are theirs, file by file.
    ///   - partial: the path of the unfinished file of a model in one file, which is kept, for a writer that resumes.
    /// - Throws: `FileError` if a path is not writable or the disk has no room; nothing else remains then.
    public init(_ files: [(path: FilePath, layout: GGUFLayout)], partial: FilePath? = nil) throws {
        precondition(partial == nil || files.count == 1)
        var writers: [GGUFFileWriter] = []
        do {
            for (path, layout) in files {
                writers.append(try GGUFFileWriter(path: path, layout: layout, partial: partial))
            }
        } catch {
            for writer in writers { writer.discard() }
            throw error
        }
        self.files = writers
        places = files.enumerated().flatMap { file, entry in
            entry.layout.tensors.indices.map { (file, $0) }
        }
    }

    /// Writes bytes of the model's tensor at `index`, beginning `offset` bytes into its data.
    public func write(_ bytes: UnsafeRawBufferPointer, tensor index: Int, at offset: Int) throws {
        let place = places[index]
        try files[place.file].write(bytes, tensor: place.index, at: offset)
    }

    /// Makes every file durable and then all of them visible under their names, also of several models: none appears
    /// before the last byte of all is on the disk.
    public static func commit(_ models: [GGUFModelWriter]) throws {
        let files = models.flatMap(\.files)
        for file in files { try file.seal() }
        for file in files { try file.publish() }
    }

    /// Gives up the unfinished files and removes them, unless they are kept.
    public func discard() {
        for file in files { file.discard() }
    }
}
