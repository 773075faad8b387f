import BlockFormats
import GGUF
import Safetensors
import Tensors

/// One thread's buffers, and how rows become what the plan says.
struct RowConverter {
    private var gathered: [UInt8] = []
    private var weights: [Float] = []
    private var encoded: [UInt8] = []

    /// Converts some rows of a tensor and hands the bytes to `write`.
    /// - Returns: how many bytes were written.
    /// - Throws: `ConversionProblem`, and what `write` throws.
    mutating func convert(
        _ rows: Range<Int>,
        of tensor: ConversionPlan.Tensor,
        write: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> Int {
        switch tensor.source {
        case .computed(let values):
            try values[
                (rows.lowerBound * tensor.target.shape.rowLength)..<(rows.upperBound * tensor.target.shape.rowLength)
            ]
            .withUnsafeBytes(write)
        case .checkpoint(let entry, let type, .unchanged):
            let rowBytes = entry.tensor.range.count / tensor.target.shape.rowCount
            let range = (rows.lowerBound * rowBytes)..<(rows.upperBound * rowBytes)
            try convert(UnsafeRawBufferPointer(rebasing: entry.bytes[range]), type, to: tensor.target, write)
            let start = entry.tensor.range.lowerBound
            entry.file.release((start + range.lowerBound)..<(start + range.upperBound))
        case .checkpoint(let entry, let type, let order):
            gather(rows, of: entry, order, like: tensor.target)
            let bytes = gathered
            try bytes.withUnsafeBytes { try convert($0, type, to: tensor.target, write) }
        }
        return rows.count * tensor.target.rowByteCount
    }

    /// Copies rows into the order of the output. A vector's elements are its rows.
    private mutating func gather(
        _ rows: Range<Int>,
        of entry: SafetensorsCheckpoint.Entry,
        _ order: RowOrder,
        like target: GGUFTensor
    ) {
        let isVector = target.shape.dimensions.count == 1
        let range = isVector ? 0..<target.shape.elementCount : rows
        let rowCount = isVector ? target.shape.elementCount : target.shape.rowCount
        let rowBytes = entry.tensor.range.count / rowCount
        gathered.removeAll(keepingCapacity: true)
        let bytes = entry.bytes
        for row in range {
            let start = order.source(of: row, rowCount: rowCount) * rowBytes
            gathered.append(contentsOf: bytes[start..<(start + rowBytes)])
        }
    }

    private mutating func convert(
        _ bytes: UnsafeRawBufferPointer,
        _ type: TensorType,
        to target: GGUFTensor,
        _ write: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        if type == target.type {
            try write(bytes)
            return
        }
        let count = bytes.count / type.block.bytes
        guard let size = target.type.byteCount(elements: count) else {
            preconditionFailure("the plan gave tensor '\(target.name)' a type that does not fit its rows")
        }
        if weights.count < count { weights = [Float](repeating: 0, count: count) }
        if encoded.count < size { encoded = [UInt8](repeating: 0, count: size) }
        try weights.withUnsafeMutableBufferPointer { weights in
            let weights = UnsafeMutableBufferPointer(rebasing: weights[..<count])
            BlockCodec.decode(type, bytes, into: weights)
            try encoded.withUnsafeMutableBytes { encoded in
                let encoded = UnsafeMutableRawBufferPointer(rebasing: encoded[..<size])
                BlockCodec.encode(UnsafeBufferPointer(weights), as: target.type, into: encoded)
                guard BlockCodec.isUsable(target.type, UnsafeRawBufferPointer(encoded)) else {
                    throw ConversionProblem.notRepresentable(tensor: target.name, type: target.type.name)
                }
                try write(UnsafeRawBufferPointer(encoded))
            }
        }
    }
}
