import GGUF
import SystemPackage
import Tensors

/// The importance of each input column of each weight matrix: the mean of its squared activations on some text.
///
/// `llama-imatrix` writes it in two forms, which contain the same run in slightly different numbers; a quantized file
/// depends on the form.
public struct ImportanceMatrix: Sendable, Equatable {
    /// The path as given, which becomes part of a quantized file's metadata, as in llama-quantize.
    public let path: String
    /// The importance by tensor name, one number per column; for tensors of experts, one expert after the other.
    public let entries: [String: [Float]]
    /// The text that it was made from, if the file contains it.
    public let dataset: String?
    /// The number of windows of text.
    public let chunkCount: Int

    /// Creates a value from its parts; each parameter is documented on its property.
    public init(path: String, entries: [String: [Float]], dataset: String?, chunkCount: Int) {
        self.path = path
        self.entries = entries
        self.dataset = dataset
        self.chunkCount = chunkCount
    }

    /// Returns a stand-in for the importance matrix of a model that is yet to be made, for computing sizes only.
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

    /// Returns the importance matrix with another path, which becomes part of a quantized file's metadata.
    public func named(_ path: String) -> ImportanceMatrix {
        ImportanceMatrix(path: path, entries: entries, dataset: dataset, chunkCount: chunkCount)
    }

    /// Returns only the entries whose names `isWanted` accepts; nil if none is left, which has the same effect as no
    /// importance matrix.
    public func filtered(_ isWanted: (_ tensor: String) -> Bool) -> ImportanceMatrix? {
        let entries = entries.filter { isWanted($0.key) }
        if entries.isEmpty { return nil }
        return ImportanceMatrix(path: path, entries: entries, dataset: dataset, chunkCount: chunkCount)
    }

    /// Returns the numbers for one tensor: one for each column of each of its matrices.
    /// - Returns: nil if there is no entry.
    /// - Throws: `QuantizationProblem.importanceMatrixMismatch` if the entry has another size.
    package func values(for tensor: GGUFTensor) throws -> [Float]? {
        guard let values = entries[tensor.name] else { return nil }
        let matrices = tensor.shape.dimensions.dropFirst(2).reduce(1, *)
        guard values.count == tensor.shape.rowLength * matrices else {
            // A token embedding is looked up, not multiplied, so an entry for it has no meaning.
            if TensorRole(name: tensor.name) == .tokenEmbedding { return nil }
            throw QuantizationProblem.importanceMatrixMismatch(
                tensor: tensor.name,
                found: values.count,
                expected: tensor.shape.rowLength * matrices
            )
        }
        return values
    }

    /// Adds a quantized file's metadata about the importance matrix, in llama-quantize's order.
    func describe(in metadata: inout Metadata) {
        func text(_ key: String, _ value: String) {
            // The reference stores these texts in 128 bytes with a final zero.
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
