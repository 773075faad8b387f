import SystemPackage
import Tensors

/// A model whose tensors can be read row by row: from a GGUF file, or from a conversion that would write one.
public protocol ModelSource: Sendable {
    /// The path for messages.
    var path: FilePath { get }
    /// The files that are read; none of them may be overwritten.
    var inputs: [FilePath] { get }
    /// The metadata of the model's file, or of the file that a conversion would write.
    var metadata: Metadata { get }
    /// The tensors in the order of the file.
    var tensors: [GGUFTensor] { get }
    /// The alignment of the tensors' data, in bytes.
    var alignment: Int { get }
    /// Returns the index of the model's file that holds the tensor.
    func shard(of tensor: GGUFTensor) -> Int
    /// Makes a reader for one thread.
    func makeReader() -> any RowReader
}

/// Reads a model's rows on one thread, with its own buffers.
public protocol RowReader: AnyObject {
    /// Passes the rows' bytes to `body`, once.
    /// - Precondition: the tensor is one of the model's and has these rows.
    /// - Throws: the errors of `body`, and those of making the rows.
    func withRows(
        _ rows: Range<Int>,
        of tensor: GGUFTensor,
        _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws
}

extension ModelSource {
    /// Returns the first file, for a model in one file.
    public func shard(of tensor: GGUFTensor) -> Int { 0 }

    /// Runs `body` and adds the model's name to problems with the metadata.
    /// - Throws: `GGUFError` in place of a `GGUFProblem`.
    public func reading<Value>(_ body: (Metadata) throws -> Value) throws -> Value {
        do {
            return try body(metadata)
        } catch let problem as GGUFProblem {
            throw GGUFError(path: path, problem: problem, offset: nil)
        }
    }
}

extension GGUFModel: ModelSource {
    /// The model's files.
    public var inputs: [FilePath] { files.map(\.path) }

    /// Makes a reader of the mapped files for one thread.
    public func makeReader() -> any RowReader { MappedRows(self) }

    /// The rows of a mapped file.
    private final class MappedRows: RowReader {
        private let model: GGUFModel

        init(_ model: GGUFModel) { self.model = model }

        func withRows(
            _ rows: Range<Int>,
            of tensor: GGUFTensor,
            _ body: (UnsafeRawBufferPointer) throws -> Void
        ) throws {
            let range = (rows.lowerBound * tensor.rowByteCount)..<(rows.upperBound * tensor.rowByteCount)
            try body(UnsafeRawBufferPointer(rebasing: model.bytes(of: tensor)[range]))
            model.releaseRows(rows, of: tensor)
        }
    }
}
