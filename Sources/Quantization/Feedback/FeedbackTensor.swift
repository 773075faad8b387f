import BinaryIO
import BlockFormats
import GGUF
import Synchronization
import SystemPackage
import Tensors
import Work

/// Rounds the matrices of one tensor with feedback, and keeps the reference's rounding of those that feedback does not
/// improve. The bytes go to a separate file.
public final class FeedbackTensor {
    /// The data that a matrix is fitted to.
    public struct Fit: Sendable {
        /// The basis of its inputs.
        public let basis: FeedbackBasis
        /// The held-back inputs by which it is judged.
        public let held: HeldInputs
        /// Whether these are the inputs of all experts.
        public let isPooled: Bool

        /// Creates a fit to the inputs of the matrix, or of all experts.
        public init(basis: FeedbackBasis, held: HeldInputs, isPooled: Bool) {
            (self.basis, self.held, self.isPooled) = (basis, held, isPooled)
        }
    }

    private let source: any ModelSource
    private let tensor: PlannedTensor
    private let file: AtomicFile
    private let kernels: Kernels
    private let workers: Workers
    private var record: FeedbackRecord
    private var plain: [Int] = []

    private var rowsPerMatrix: Int { tensor.source.shape.dimensions.dropFirst().first ?? 1 }
    /// - Parameter path: the output file of the tensor's bytes.
    /// - Throws: `FileError`.
    public init(_ tensor: PlannedTensor, of source: any ModelSource, path: FilePath, kernels: Kernels, threads: Int)
        throws
    {
        (self.tensor, self.source, self.kernels) = (tensor, source, kernels)
        workers = Workers(count: threads)
        record = FeedbackRecord(matrices: tensor.matrixCount)
        file = try AtomicFile(path: path)
    }

    /// Rounds one of the tensor's matrices.
    /// - Parameters:
    ///   - fit: nil if there is nothing to fit to.
    ///   - check: called regularly, on any thread; an error that it throws ends the work.
    /// - Throws: `QuantizationError`, `FileError`, or the errors of the source.
    public func round(_ matrix: Int, _ fit: Fit?, check: @escaping @Sendable () throws -> Void = {}) throws {
        guard let fit else {
            record.unseen += 1
            plain.append(matrix)
            return
        }
        if fit.isPooled { record.pooled += 1 }
        record.tokens = record.tokens == 0 ? fit.basis.tokenCount : min(record.tokens, fit.basis.tokenCount)
        let rounding = FeedbackRounding(to: tensor.target.type, basis: fit.basis, kernels: kernels)
        let size = FeedbackRounding.rowsAtATime
        let matrixRows = (matrix * rowsPerMatrix)..<((matrix + 1) * rowsPerMatrix)
        let chunks = (rowsPerMatrix + size - 1) / size
        let outcomes = Mutex([RowOutcome](repeating: RowOutcome(), count: chunks))
        try forEach(chunks) { rows, reader, chunk in
            try check()
            let first = matrixRows.lowerBound + chunk * size
            let own = first..<min(first + size, matrixRows.upperBound)
            let outcome = try rows.round(own, matrix, reader, rounding, fit.held)
            outcomes.withLock { $0[chunk] = outcome }
        }
        // Added in row order, whichever thread finished first.
        let sum = outcomes.withLock { $0.reduce(RowOutcome(), +) }
        let isBetter = sum.isUsable && sum.error < sum.plainError
        record.plainError += sum.plainError
        record.error += isBetter ? sum.error : sum.plainError
        if isBetter { record.taken += 1 } else { plain.append(matrix) }
    }

    /// Completes the tensor's file; there is none if all matrices keep the reference's rounding.
    /// - Throws: the errors of `round`.
    public func finish() throws -> FeedbackRecord {
        guard record.taken > 0 else {
            file.discard()
            record.reason =
                record.unseen == record.matrices
                ? "no tokens reached it" : "its outputs on held-back text are no better"
            return record
        }
        let rows = plain.flatMap { matrix in
            stride(from: matrix * rowsPerMatrix, to: (matrix + 1) * rowsPerMatrix, by: FeedbackRounding.rowsAtATime).map
            {
                ($0..<min($0 + FeedbackRounding.rowsAtATime, (matrix + 1) * rowsPerMatrix), matrix)
            }
        }
        try forEach(rows.count) { tensor, reader, index in
            let (own, matrix) = rows[index]
            try tensor.write(tensor.encode(try tensor.weights(own, reader), matrix), own)
        }
        try file.finish(byteCount: tensor.target.byteCount)
        try file.commit()
        return record
    }

    private func forEach(_ tasks: Int, _ body: @Sendable (TensorRows, any RowReader, Int) throws -> Void) throws {
        let rows = TensorRows(tensor: tensor, file: file, kernels: kernels)
        try QuantizationError.naming(source.path) {
            try workers.forEach(tasks, scratch: { [source] in source.makeReader() }) { reader, task in
                try body(rows, reader, task)
            }
        }
    }
}

/// The contribution of rows to the sums that decide.
struct RowOutcome {
    var plainError = 0.0
    var error = 0.0
    var isUsable = true

    static func + (first: RowOutcome, second: RowOutcome) -> RowOutcome {
        RowOutcome(
            plainError: first.plainError + second.plainError,
            error: first.error + second.error,
            isUsable: first.isUsable && second.isUsable
        )
    }
}

/// Rows of a tensor to be written to its file, if there is one.
///
/// Unchecked: threads write to separate places in the file.
struct TensorRows: @unchecked Sendable {
    let tensor: PlannedTensor
    let file: AtomicFile?
    let kernels: Kernels

    private var columns: Int { tensor.source.shape.rowLength }
    private var rowBytes: Int { tensor.target.rowByteCount }

    func round(
        _ rows: Range<Int>,
        _ matrix: Int,
        _ reader: any RowReader,
        _ rounding: FeedbackRounding,
        _ held: HeldInputs
    ) throws -> RowOutcome {
        let weights = try weights(rows, reader)
        var outcome = RowOutcome()
        outcome.plainError = error(of: encode(weights, matrix), weights, held)
        let bytes = [UInt8](unsafeUninitializedCapacity: rows.count * rowBytes) { buffer, count in
            count = rows.count * rowBytes
            weights.withUnsafeBufferPointer { rounding.encode($0, into: UnsafeMutableRawBufferPointer(buffer)) }
        }
        outcome.isUsable = bytes.withUnsafeBytes { BlockCodec.isUsable(tensor.target.type, $0) }
        if outcome.isUsable {
            outcome.error = error(of: bytes, weights, held)
            outcome.isUsable = outcome.error.isFinite
        }
        try write(bytes, rows)
        return outcome
    }

    func weights(_ rows: Range<Int>, _ reader: any RowReader) throws -> [Float] {
        var weights: [Float] = []
        try reader.withRows(rows, of: tensor.source) { bytes in
            weights = [Float](unsafeUninitializedCapacity: rows.count * columns) { buffer, count in
                count = rows.count * columns
                let target = UnsafeMutableBufferPointer(rebasing: buffer[..<count])
                BlockCodec.decode(tensor.source.type, bytes, kernels: kernels, into: target)
            }
        }
        let greatest = weights.withUnsafeBufferPointer { BlockCodec.greatestMagnitude(in: $0, kernels: kernels) }
        if !greatest.isFinite, let index = weights.firstIndex(where: { !$0.isFinite }) {
            let element = rows.lowerBound * columns + index
            throw QuantizationProblem.notFinite(tensor: tensor.source.name, element: element)
        }
        guard greatest < BlockCodec.scaleLimit else {
            throw QuantizationProblem.outOfRange(tensor: tensor.source.name, type: tensor.target.type.name)
        }
        return weights
    }

    /// Encodes weights as the reference does.
    func encode(_ weights: [Float], _ matrix: Int) -> [UInt8] {
        let size = weights.count / columns * rowBytes
        return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            count = size
            let bytes = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<size])
            weights.withUnsafeBufferPointer { weights in
                guard let importance = tensor.importance else {
                    return BlockCodec.encode(weights, as: tensor.target.type, kernels: kernels, into: bytes)
                }
                importance.withUnsafeBufferPointer { importance in
                    BlockCodec.encode(
                        rows: weights,
                        importance: importance.extracting((matrix * columns)..<((matrix + 1) * columns)),
                        as: tensor.target.type,
                        kernels: kernels,
                        into: bytes
                    )
                }
            }
        }
    }

    /// Returns the error of the outputs on held-back text if bytes replace weights.
    private func error(of bytes: [UInt8], _ weights: [Float], _ held: HeldInputs) -> Double {
        let errors = [Float](unsafeUninitializedCapacity: weights.count) { buffer, count in
            count = weights.count
            let target = UnsafeMutableBufferPointer(rebasing: buffer[..<count])
            bytes.withUnsafeBytes { BlockCodec.decode(tensor.target.type, $0, kernels: kernels, into: target) }
            for index in 0..<count { target[index] -= weights[index] }
        }
        return errors.withUnsafeBufferPointer { held.outputError(of: $0, kernels: kernels) }
    }

    func write(_ bytes: [UInt8], _ rows: Range<Int>) throws {
        try bytes.withUnsafeBytes { try file?.write($0, at: rows.lowerBound * rowBytes) }
    }
}

extension PlannedTensor {
    /// The number of matrices in the tensor.
    public var matrixCount: Int { source.shape.dimensions.dropFirst(2).reduce(1, *) }

    /// Whether its blocks can and should be rounded with feedback.
    public var mayFeedBack: Bool { rounding == .feedback && isChanged && FeedbackRounding.canEncode(target.type) }
}
