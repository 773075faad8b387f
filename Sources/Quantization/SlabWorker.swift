import BinaryIO
import BlockFormats
import GGUF
import Tensors

/// Some rows of one tensor, and the targets to make from them.
struct Slab: Sendable {
    /// A type and the outputs that need it.
    struct Target: Sendable {
        let type: TensorType
        let importance: [Float]?
        /// The processing of the encoded blocks.
        let finish: BlockFinish
        /// The tensor's existing bytes, if there are any.
        let prepared: PreparedTensor?
        var outputs: [Int]
    }

    /// The slab's index among all slabs.
    let number: Int
    let tensor: GGUFTensor
    /// The tensor's index in the outputs.
    let index: Int
    let rows: Range<Int>
    let targets: [Target]

    /// The size in the source, in bytes.
    var byteCount: Int { rows.count * tensor.rowByteCount }
}

/// One thread's buffers, and the processing of a slab.
struct SlabWorker {
    private let reader: any RowReader
    private let writers: [GGUFModelWriter]
    private let kernels: Kernels
    private let ledger: LossLedger
    private var weights: [Float] = []
    /// The largest magnitude among the slab's weights.
    private var greatest: Float = 0
    private var encoded: [UInt8] = []
    private var restored: [Float] = []

    init(reader: any RowReader, writers: [GGUFModelWriter], kernels: Kernels, ledger: LossLedger) {
        self.reader = reader
        self.writers = writers
        self.kernels = kernels
        self.ledger = ledger
    }

    /// - Returns: the number of source bytes in the slab.
    /// - Throws: `QuantizationProblem`, `FileError`, or the errors of the source.
    mutating func process(_ slab: Slab) throws -> Int {
        try reader.withRows(slab.rows, of: slab.tensor) { try process($0, slab) }
        return slab.byteCount
    }

    private mutating func process(_ bytes: UnsafeRawBufferPointer, _ slab: Slab) throws {
        let tensor = slab.tensor
        if BlockCodec.canDecode(tensor.type), !Self.isFiniteCopy(bytes, slab) {
            try decode(bytes, slab)
        }
        for (number, target) in slab.targets.enumerated() {
            if target.type == tensor.type {
                for output in target.outputs {
                    try writers[output].write(bytes, tensor: slab.index, at: slab.rows.lowerBound * tensor.rowByteCount)
                }
            } else {
                try encode(slab, target)
                if ledger.isOpen { ledger.enter(loss(slab, target), slab, target: number) }
            }
        }
    }

    /// Whether the slab is only copied, and its bits show that every number is finite.
    private static func isFiniteCopy(_ bytes: UnsafeRawBufferPointer, _ slab: Slab) -> Bool {
        let type = slab.tensor.type
        guard type == .f16 || type == .bf16, slab.targets.allSatisfy({ $0.type == type }) else { return false }
        return BlockCodec.isUsable(type, bytes)
    }

    private mutating func decode(_ bytes: UnsafeRawBufferPointer, _ slab: Slab) throws {
        let count = slab.rows.count * slab.tensor.shape.rowLength
        if weights.count < count { weights = [Float](repeating: 0, count: count) }
        let kernels = kernels
        var greatest: Float = 0
        try weights.withUnsafeMutableBufferPointer { buffer in
            let target = UnsafeMutableBufferPointer(rebasing: buffer[..<count])
            BlockCodec.decode(slab.tensor.type, bytes, kernels: kernels, into: target)
            greatest = BlockCodec.greatestMagnitude(in: UnsafeBufferPointer(target), kernels: kernels)
            if !greatest.isFinite, let index = target.firstIndex(where: { !$0.isFinite }) {
                throw QuantizationProblem.notFinite(
                    tensor: slab.tensor.name,
                    element: slab.rows.lowerBound * slab.tensor.shape.rowLength + index
                )
            }
        }
        self.greatest = greatest
    }

    private mutating func encode(_ slab: Slab, _ target: Slab.Target) throws {
        let rowLength = slab.tensor.shape.rowLength
        let count = slab.rows.count * rowLength
        guard let size = target.type.byteCount(elements: count),
            let rowSize = target.type.byteCount(elements: rowLength)
        else { preconditionFailure("the plan gave tensor '\(slab.tensor.name)' a type that does not fit its rows") }
        if encoded.count < size { encoded = [UInt8](repeating: 0, count: size) }
        let (kernels, greatest) = (kernels, greatest)
        try encoded.withUnsafeMutableBytes { buffer in
            let bytes = UnsafeMutableRawBufferPointer(rebasing: buffer[..<size])
            weights.withUnsafeBufferPointer { weights in
                let weights = UnsafeBufferPointer(rebasing: weights[..<count])
                if let prepared = target.prepared {
                    let first = prepared.offset + slab.rows.lowerBound * rowSize
                    bytes.copyMemory(
                        from: UnsafeRawBufferPointer(rebasing: prepared.file.bytes[first..<(first + size)])
                    )
                } else if let importance = target.importance {
                    Self.encode(weights, slab, importance, target, kernels, into: bytes)
                } else {
                    BlockCodec.encode(weights, as: target.type, kernels: kernels, into: bytes)
                }
                if target.finish == .lattice { BlockCodec.takeLattice(bytes, of: weights) }
            }
            let isInRange = !target.type.isQuantized || greatest < BlockCodec.scaleLimit
            guard isInRange, BlockCodec.isUsable(target.type, UnsafeRawBufferPointer(bytes)) else {
                throw QuantizationProblem.outOfRange(tensor: slab.tensor.name, type: target.type.name)
            }
            for output in target.outputs {
                try writers[output].write(
                    UnsafeRawBufferPointer(bytes),
                    tensor: slab.index,
                    at: slab.rows.lowerBound * rowSize
                )
            }
        }
    }

    /// Encodes the rows of each matrix with that matrix's importance.
    private static func encode(
        _ weights: UnsafeBufferPointer<Float>,
        _ slab: Slab,
        _ importance: [Float],
        _ target: Slab.Target,
        _ kernels: Kernels,
        into bytes: UnsafeMutableRawBufferPointer
    ) {
        let columns = slab.tensor.shape.rowLength
        let rowsPerMatrix = slab.tensor.shape.dimensions.dropFirst().first ?? 1
        let rowBytes = bytes.count / slab.rows.count
        importance.withUnsafeBufferPointer { importance in
            var row = slab.rows.lowerBound
            while row < slab.rows.upperBound {
                let matrix = row / rowsPerMatrix
                let end = min(slab.rows.upperBound, (matrix + 1) * rowsPerMatrix)
                let range = (row - slab.rows.lowerBound)..<(end - slab.rows.lowerBound)
                let rows = UnsafeBufferPointer(
                    rebasing: weights[(range.lowerBound * columns)..<(range.upperBound * columns)]
                )
                let counts = UnsafeBufferPointer(
                    rebasing: importance[(matrix * columns)..<((matrix + 1) * columns)]
                )
                let blocks = UnsafeMutableRawBufferPointer(
                    rebasing: bytes[(range.lowerBound * rowBytes)..<(range.upperBound * rowBytes)]
                )
                BlockCodec.encode(rows: rows, importance: counts, as: target.type, kernels: kernels, into: blocks)
                if target.finish == .refined {
                    BlockCodec.refine(blocks, of: rows, importance: counts, as: target.type)
                }
                row = end
            }
        }
    }
}

// Losses.
extension SlabWorker {
    /// Decodes the encoded weights, a few rows at a time, which stay in the nearest cache, and compares them with the
    /// originals.
    private mutating func loss(_ slab: Slab, _ target: Slab.Target) -> QuantizationLoss {
        // Single precision represents every decoded weight exactly.
        if target.type == .f32 { return QuantizationLoss() }
        let columns = slab.tensor.shape.rowLength
        let rowBytes = target.type.byteCount(elements: columns) ?? 0
        let rows = max(1, 4096 / columns)
        if restored.count < rows * columns { restored = [Float](repeating: 0, count: rows * columns) }
        return restored.withUnsafeMutableBufferPointer { restored in
            encoded.withUnsafeBytes { encoded in
                weights.withUnsafeBufferPointer { weights in
                    var sum = QuantizationLoss()
                    for first in stride(from: 0, to: slab.rows.count, by: rows) {
                        let range = first..<min(first + rows, slab.rows.count)
                        let made = UnsafeMutableBufferPointer(rebasing: restored[..<(range.count * columns)])
                        let bytes = encoded[(range.lowerBound * rowBytes)..<(range.upperBound * rowBytes)]
                        BlockCodec.decode(target.type, UnsafeRawBufferPointer(rebasing: bytes), into: made)
                        sum = sum + Self.loss(slab, range, weights, UnsafeBufferPointer(made), target.importance)
                    }
                    return sum
                }
            }
        }
    }

    /// - Parameters:
    ///   - rows: counted from the slab's first row.
    ///   - weights: the weights of the whole slab.
    ///   - made: the decoded weights of these rows.
    private static func loss(
        _ slab: Slab,
        _ rows: Range<Int>,
        _ weights: UnsafeBufferPointer<Float>,
        _ made: UnsafeBufferPointer<Float>,
        _ importance: [Float]?
    ) -> QuantizationLoss {
        let columns = slab.tensor.shape.rowLength
        let own = UnsafeBufferPointer(rebasing: weights[(rows.lowerBound * columns)..<(rows.upperBound * columns)])
        guard let importance else { return QuantizationLoss(own, made) }
        let rowsPerMatrix = slab.tensor.shape.dimensions.dropFirst().first ?? 1
        return importance.withUnsafeBufferPointer { importance in
            var sum = QuantizationLoss()
            for index in 0..<rows.count {
                let row = (index * columns)..<((index + 1) * columns)
                let matrix = (slab.rows.lowerBound + rows.lowerBound + index) / rowsPerMatrix * columns
                sum =
                    sum
                    + QuantizationLoss(
                        row: UnsafeBufferPointer(rebasing: own[row]),
                        UnsafeBufferPointer(rebasing: made[row]),
                        importance: UnsafeBufferPointer(rebasing: importance[matrix..<(matrix + columns)])
                    )
            }
            return sum
        }
    }
}
