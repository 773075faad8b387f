import GGUF
import SystemPackage
import Tensors

/// How much each input column of each weight matrix counts: the mean of its squared activations on some text.
///
/// `llama-imatrix` writes it in two forms, which hold the same run in slightly different numbers; a quantized file
/// depends on the form.
public struct ImportanceMatrix: Sendable, Equatable {
    /// The path as it was given: it becomes part of a quantized file's metadata, as llama-quantize has it.
    public let path: String
    /// By tensor name, one number a column; expert tensors have those of each expert behind each other.
    public let entries: [String: [Float]]
    /// The text it was made from, where the file says.
    public let dataset: String?
    /// Windows of text that went in.
    public let chunkCount: Int

    /// An importance matrix of these entries.
    public init(path: String, entries: [String: [Float]], dataset: String?, chunkCount: Int) {
        self.path = path
        self.entries = entries
        self.dataset = dataset
        self.chunkCount = chunkCount
    }

    /// Stands in for the importance matrix of a model that is yet to be made, where only sizes are asked for.
    public static func standIn(for tensors: [GGUFTensor], path: String, dataset: String?) -> ImportanceMatrix {
        let matrices = tensors.filter { tensor in
            tensor.shape.dimensions.count > 1 && ![.tokenEmbedding, .output].contains(TensorRole(name: tensor.name))
        }
        let entries = matrices.map { tensor in
            let columns = tensor.shape.dimensions.dropFirst(2).reduce(tensor.shape.rowLength, *)
            return (tensor.name, [Float](repeating: 1, count: columns))
        }
        return ImportanceMatrix(
            path: path,
            entries: Dictionary(entries) { first, _ in first },
            dataset: dataset,
            chunkCount: 1
        )
    }

    /// The same importance matrix under another path, which becomes part of a quantized file's metadata.
    public func named(_ path: String) -> ImportanceMatrix {
        ImportanceMatrix(path: path, entries: entries, dataset: dataset, chunkCount: chunkCount)
    }

    /// Only the entries whose names `isWanted` accepts, or nil where none is left: that is as if there were no importance
    /// matrix.
    public func filtered(_ isWanted: (_ tensor: String) -> Bool) -> ImportanceMatrix? {
        let entries = entries.filter { isWanted($0.key) }
        if entries.isEmpty { return nil }
        return ImportanceMatrix(path: path, entries: entries, dataset: dataset, chunkCount: chunkCount)
    }

    /// The numbers for one tensor: one for each column, for each of its matrices.
    /// - Returns: nil where there is no entry.
    /// - Throws: `QuantizationProblem.importanceMatrixMismatch` when the entry is of another size.
    package func values(for tensor: GGUFTensor) throws -> [Float]? {
        guard let values = entries[tensor.name] else { return nil }
        let matrices = tensor.shape.dimensions.dropFirst(2).reduce(1, *)
        guard values.count == tensor.shape.rowLength * matrices else {
            // A token embedding is looked up, not multiplied: an entry for it means nothing.
            if TensorRole(name: tensor.name) == .tokenEmbedding { return nil }
            throw QuantizationProblem.importanceMatrixMismatch(
                tensor: tensor.name,
                found: values.count,
                expected: tensor.shape.rowLength * matrices
            )
        }
        return values
    }

    /// Adds what a quantized file says of the importance matrix, in llama-quantize's order.
    func describe(in metadata: inout Metadata) {
        func text(_ key: String, _ value: String) {
            // The reference keeps these texts in 128 bytes with a final zero.
            metadata.moveToEnd(key, .string(String(decoding: value.utf8.prefix(127), as: UTF8.self)))
        }
        text("quantize.imatrix.file", path)
        if let dataset { text("quantize.imatrix.dataset", dataset) }
        metadata.moveToEnd("quantize.imatrix.entries_count", .uint32(UInt32(clamping: entries.count)))
        if chunkCount > 0 {
            metadata.moveToEnd("quantize.imatrix.chunks_count", .uint32(UInt32(clamping: chunkCount)))
        }
    }
}
