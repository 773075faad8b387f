import BlockFormats
import GGUF
import Tensors

/// Some rows of one tensor, and what to make of them.
struct Slab: Sendable {
    /// A type and the outputs that want it.
    struct Target: Sendable {
        let type: TensorType
        let importance: [Float]?
        var outputs: [Int]
    }

    let tensor: GGUFTensor
    /// The tensor's place in the outputs.
    let index: Int
    let rows: Range<Int>
    let targets: [Target]
}

/// One thread's buffers and what it does with a slab.
struct SlabWorker {
    private let source: GGUFFile
    private let writers: [GGUFFileWriter]
    private let kernels: Kernels
    private var weights: [Float] = []
    private var encoded: [UInt8] = []

    init(source: GGUFFile, writers: [GGUFFileWriter], kernels: Kernels) {
        self.source = source
        self.writers = writers
        self.kernels = kernels
    }

    /// - Returns: how many bytes of the source the slab took.
    /// - Throws: `QuantizationProblem` or `FileError`.
    mutating func process(_ slab: Slab) throws -> Int {
        let tensor = slab.tensor
        let rowBytes = tensor.rowByteCount
        let range = (slab.rows.lowerBound * rowBytes)..<(slab.rows.upperBound * rowBytes)
        let bytes = UnsafeRawBufferPointer(rebasing: source.bytes(of: tensor)[range])
        if BlockCodec.canDecode(tensor.type) {
            try decode(bytes, slab)
        }
        for target in slab.targets {
            if target.type == tensor.type {
                for output in target.outputs {
                    try writers[output].write(bytes, tensor: slab.index, at: range.lowerBound)
                }
            } else {
                try encode(slab, target)
            }
        }
        source.releaseRows(slab.rows, of: tensor)
        return bytes.count
    }

    private mutating func decode(_ bytes: UnsafeRawBufferPointer, _ slab: Slab) throws {
        let count = slab.rows.count * slab.tensor.shape.rowLength
        if weights.count < count { weights = [Float](repeating: 0, count: count) }
        let kernels = kernels
        try weights.withUnsafeMutableBufferPointer { buffer in
            let target = UnsafeMutableBufferPointer(rebasing: buffer[..<count])
            BlockCodec.decode(slab.tensor.type, bytes, kernels: kernels, into: target)
            if let index = BlockCodec.firstNonFinite(in: UnsafeBufferPointer(target)) {
                throw QuantizationProblem.notFinite(
                    tensor: slab.tensor.name,
                    element: slab.rows.lowerBound * slab.tensor.shape.rowLength + index
                )
            }
        }
    }

    private mutating func encode(_ slab: Slab, _ target: Slab.Target) throws {
        let rowLength = slab.tensor.shape.rowLength
        let count = slab.rows.count * rowLength
        guard let size = target.type.byteCount(elements: count),
            let rowSize = target.type.byteCount(elements: rowLength)
        else { preconditionFailure("the plan gave tensor '\(slab.tensor.name)' a type that does not fit its rows") }
        if encoded.count < size { encoded = [UInt8](repeating: 0, count: size) }
        let kernels = kernels
        try encoded.withUnsafeMutableBytes { buffer in
            let bytes = UnsafeMutableRawBufferPointer(rebasing: buffer[..<size])
            let isInRange = weights.withUnsafeBufferPointer { weights in
                let weights = UnsafeBufferPointer(rebasing: weights[..<count])
                if let importance = target.importance {
                    Self.encode(weights, slab, importance, as: target.type, kernels, into: bytes)
                } else {
                    BlockCodec.encode(weights, as: target.type, kernels: kernels, into: bytes)
                }
                return !target.type.isQuantized || !BlockCodec.exceedsScales(weights)
            }
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

    /// The rows of each matrix with the numbers that belong to it.
    private static func encode(
        _ weights: UnsafeBufferPointer<Float>,
        _ slab: Slab,
        _ importance: [Float],
        as type: TensorType,
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
                BlockCodec.encode(
                    rows: UnsafeBufferPointer(
                        rebasing: weights[(range.lowerBound * columns)..<(range.upperBound * columns)]
                    ),
                    importance: UnsafeBufferPointer(
                        rebasing: importance[(matrix * columns)..<((matrix + 1) * columns)]
                    ),
                    as: type,
                    kernels: kernels,
                    into: UnsafeMutableRawBufferPointer(
                        rebasing: bytes[(range.lowerBound * rowBytes)..<(range.upperBound * rowBytes)]
                    )
                )
                row = end
            }
        }
    }
}
