import SystemPackage
import Tensors

/// A model whose tensors can be read row by row: that of a GGUF file, or one that a conversion would write there.
public protocol ModelSource: Sendable {
    /// What messages name.
    var path: FilePath { get }
    /// The files that are read, none of which may be written to.
    var inputs: [FilePath] { get }
    /// What the model's file says, or would say, of the model.
    var metadata: Metadata { get }
    /// The tensors in the order of the file.
    var tensors: [GGUFTensor] { get }
    /// Of the tensors' data, in bytes.
    var alignment: Int { get }
    /// Which of the model's files the tensor is in.
    func shard(of tensor: GGUFTensor) -> Int
    /// For one thread.
    func makeReader() -> any RowReader
}

/// Reads a model's rows on one thread, with buffers of its own.
public protocol RowReader: AnyObject {
    /// Hands the rows' bytes to `body`, once.
    /// - Precondition: the tensor is one of the model's and has these rows.
    /// - Throws: what `body` throws, and what keeps the rows from being made.
    func withRows(
        _ rows: Range<Int>,
        of tensor: GGUFTensor,
        _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws
}

extension ModelSource {
    /// The first file, for a model that has one.
    public func shard(of tensor: GGUFTensor) -> Int { 0 }

    /// Runs `body` and gives problems with the metadata the model's name.
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

    /// Rows where the file is mapped.
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
