import BlockFormats
import GGUF
import Safetensors
import Tensors

/// Converts rows for one thread, with its own buffers.
struct RowConverter {
    private var gathered: [UInt8] = []
    private var weights: [Float] = []
    private var encoded: [UInt8] = []
    private let kernels = Kernels.fastest
    private let allowsNonFinite: Bool

    /// - Parameter allowsNonFinite: whether infinities and NaN are kept if the output's type has them.
    init(allowsNonFinite: Bool) {
        self.allowsNonFinite = allowsNonFinite
    }

    /// Converts some rows of a tensor and passes the bytes to `write` in pieces, each with its first row.
    /// - Returns: the number of bytes written.
    /// - Throws: `ConversionProblem`, and errors of `write`.
    mutating func convert(
        _ rows: Range<Int>,
        of tensor: ConversionPlan.Tensor,
        write: (UnsafeRawBufferPointer, _ row: Int) throws -> Void
    ) throws -> Int {
        let rowLength = tensor.target.shape.rowLength
        switch tensor.source {
        case .packed(let packed):
            let size = rows.count * tensor.target.rowByteCount
            if encoded.count < size { encoded = [UInt8](repeating: 0, count: size) }
            try encoded.withUnsafeMutableBytes { encoded in
                let target = UnsafeMutableRawBufferPointer(rebasing: encoded[..<size])
                try packed.write(rows, of: tensor.target, into: target, allowsNonFinite: allowsNonFinite)
                try write(UnsafeRawBufferPointer(target), rows.lowerBound)
            }
        case .computed(let values):
            try values[(rows.lowerBound * rowLength)..<(rows.upperBound * rowLength)].withUnsafeBytes {
                try write($0, rows.lowerBound)
            }
        case .checkpoint(let parts, let edit):
            let partRows = tensor.target.shape.rowCount / parts.count
            for part in (rows.lowerBound / partRows)...((rows.upperBound - 1) / partRows) {
                let first = part * partRows
                let within = rows.clamped(to: first..<(first + partRows))
                let local = (within.lowerBound - first)..<(within.upperBound - first)
                // Rows that the checkpoint lacks are converted separately.
                let end = parts[part].filler?.rowCount ?? local.upperBound
                let (known, filled) = (local.clamped(to: 0..<end), local.clamped(to: end..<max(end, local.upperBound)))
                if !known.isEmpty {
                    try convert(known, of: parts[part], edit, to: tensor.target) {
                        try write($0, first + known.lowerBound)
                    }
                }
                if !filled.isEmpty {
                    try fill(filled, of: parts[part], edit, to: tensor.target) {
                        try write($0, first + filled.lowerBound)
                    }
                }
            }
        }
        return rows.count * tensor.target.rowByteCount
    }

    /// - Parameter rows: counted from the part's first row.
    private mutating func convert(
        _ rows: Range<Int>,
        of part: ConversionPlan.Tensor.Part,
        _ edit: TensorEdit,
        to target: GGUFTensor,
        _ write: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        if let packed = part.packed {
            try unpack(rows, of: packed, edit.order, like: target.shape)
            let unpacked = gathered
            try unpacked.withUnsafeBytes { try convert($0, .f32, part, rows, edit, to: target, write) }
            return
        }
        let (type, bytes) = (part.entry.tensor.type, part.entry.bytes)
        let elementBytes = type.bitsPerElement / 8
        let rowBytes = target.shape.rowLength * elementBytes
        switch edit.order {
        case .unchanged:
            let range = (rows.lowerBound * rowBytes)..<(rows.upperBound * rowBytes)
            if range.upperBound > bytes.count {
                let padded = RowEdits.padded(bytes, range)
                try padded.withUnsafeBytes { try convert($0, type, part, rows, edit, to: target, write) }
                return
            }
            let source = UnsafeRawBufferPointer(rebasing: bytes[range])
            try convert(source, type, part, rows, edit, to: target, write)
            part.entry.release(range)
            return
        case .transposed:
            let matrixRows = target.shape.dimensions[1]
            gatherColumns(rows, of: bytes, .all, elementBytes: elementBytes, like: target.shape, matrixRows)
        case .transposedStack(let columns):
            let matrixRows = target.shape.dimensions[1]
            gatherColumns(rows, of: bytes, columns, elementBytes: elementBytes, like: target.shape, matrixRows)
        case .interleavedHalves, .half, .picked, .planes, .tiled, .alternating:
            let range = gather(rows, of: bytes, edit.order, elementBytes: elementBytes, like: target.shape)
            part.entry.release(range)
        }
        let reordered = gathered
        try reordered.withUnsafeBytes { try convert($0, type, part, rows, edit, to: target, write) }
    }

    /// Writes rows that are all the same.
    private mutating func fill(
        _ rows: Range<Int>,
        of part: ConversionPlan.Tensor.Part,
        _ edit: TensorEdit,
        to target: GGUFTensor,
        _ write: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        guard let row = part.filler?.values(kernels) else { return }
        let filling = ConversionPlan.Tensor.Part(entry: part.entry, scale: nil, updates: [])
        try rows.flatMap { _ in row }.withUnsafeBytes { try convert($0, .f32, filling, rows, edit, to: target, write) }
    }

    /// Unpacks rows in the order of the output.
    private mutating func unpack(
        _ rows: Range<Int>,
        of matrix: PackedMatrix,
        _ order: RowOrder,
        like shape: TensorShape
    ) throws {
        let size = matrix.columns * MemoryLayout<Float>.size
        gathered = [UInt8](repeating: 0, count: rows.count * size)
        let matrixRows = shape.dimensions[1]
        gathered.withUnsafeMutableBytes { gathered in
            let weights = gathered.bindMemory(to: Float.self)
            for (index, row) in rows.enumerated() {
                let source = order.source(of: row, rowCount: matrixRows, matrixRows: matrixRows)
                guard source < matrix.rows else { continue }
                let start = index * matrix.columns
                matrix.decode(
                    row: source,
                    into: UnsafeMutableBufferPointer(rebasing: weights[start..<(start + matrix.columns)])
                )
            }
        }
    }

    /// Copies rows in the order of the output. The elements of a vector count as its rows, and so do those of a matrix
    /// that alternate.
    /// - Returns: the range of source bytes that the rows come from.
    private mutating func gather(
        _ rows: Range<Int>,
        of bytes: UnsafeRawBufferPointer,
        _ order: RowOrder,
        elementBytes: Int,
        like shape: TensorShape
    ) -> Range<Int> {
        let isVector = shape.dimensions.count == 1
        var movesElements = isVector
        if case .alternating = order, shape.dimensions.count == 2 { movesElements = true }
        if case .planes = order { movesElements = true }
        let length = shape.rowLength
        let range = movesElements ? (rows.lowerBound * length)..<(rows.upperBound * length) : rows
        let rowCount = movesElements ? shape.elementCount : shape.rowCount
        let rowBytes = movesElements ? elementBytes : length * elementBytes
        let matrixRows = isVector ? rowCount : movesElements ? length : shape.dimensions[1]
        gathered.removeAll(keepingCapacity: true)
        var (lower, upper) = (bytes.count, 0)
        for row in range {
            let start = order.source(of: row, rowCount: rowCount, matrixRows: matrixRows) * rowBytes
            gathered.append(contentsOf: bytes[start..<(start + rowBytes)])
            (lower, upper) = (min(lower, start), max(upper, start + rowBytes))
        }
        return min(lower, upper)..<upper
    }

    /// Copies columns of a stack's matrices as rows.
    /// - Parameter matrixRows: the number of rows of each output matrix.
    private mutating func gatherColumns(
        _ rows: Range<Int>,
        of bytes: UnsafeRawBufferPointer,
        _ columns: StackColumns,
        elementBytes: Int,
        like shape: TensorShape,
        _ matrixRows: Int
    ) {
        let length = shape.rowLength
        let matrixBytes = bytes.count / (shape.rowCount / matrixRows)
        let sourceRowBytes = matrixBytes / length
        let sources = rows.map { row in
            let (matrix, within) = row.quotientAndRemainder(dividingBy: matrixRows)
            let column = columns.source(of: within, count: sourceRowBytes / elementBytes)
            return matrix * matrixBytes + column * elementBytes
        }
        gathered = [UInt8](repeating: 0, count: rows.count * length * elementBytes)
        for row in 0..<length {
            for (index, start) in sources.enumerated() {
                let source = row * sourceRowBytes + start
                let target = (index * length + row) * elementBytes
                for byte in 0..<elementBytes { gathered[target + byte] = bytes[source + byte] }
            }
        }
    }

    private mutating func convert(
        _ bytes: UnsafeRawBufferPointer,
        _ type: SafetensorsType,
        _ part: ConversionPlan.Tensor.Part,
        _ rows: Range<Int>,
        _ edit: TensorEdit,
        to target: GGUFTensor,
        _ write: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let isFinite = NonFinite.isAbsent(from: bytes, type)
        guard isFinite || allowsNonFinite else {
            // The position in the checkpoint; these rows may be in another order.
            let place = part.packed == nil ? NonFinite.first(in: part.entry.bytes, type) ?? 0 : 0
            throw ConversionProblem.notFinite(tensor: part.entry.tensor.name, element: place)
        }
        if type.tensorType == target.type, !edit.changesRows, part.scale == nil, part.updates.isEmpty {
            try write(bytes)
            return
        }
        let count = bytes.count / (type.bitsPerElement / 8)
        guard let size = target.type.byteCount(elements: count) else {
            preconditionFailure("the plan gave tensor '\(target.name)' a type that does not fit its rows")
        }
        // Block types have no code for infinities and NaN.
        guard isFinite || target.type.block.elements == 1 else {
            throw ConversionProblem.notRepresentable(tensor: target.name, type: target.type.name)
        }
        if weights.count < count { weights = [Float](repeating: 0, count: count) }
        if encoded.count < size { encoded = [UInt8](repeating: 0, count: size) }
        let kernels = kernels
        try weights.withUnsafeMutableBufferPointer { weights in
            let weights = UnsafeMutableBufferPointer(rebasing: weights[..<count])
            WeightDecoder.decode(type, bytes, into: weights)
            if part.scale != nil || !part.updates.isEmpty {
                Self.change(weights, by: part, rows, edit.order, like: target.shape, kernels)
            }
            if isFinite, type == .f64 || part.scale != nil || !part.updates.isEmpty {
                guard BlockCodec.greatestMagnitude(in: UnsafeBufferPointer(weights)).isFinite else {
                    throw ConversionProblem.outOfRange(tensor: target.name)
                }
            }
            if edit.shift != 0 { RowEdits.add(edit.shift, to: weights, roundingToHalf: type == .f16) }
            for factor in edit.factors {
                RowEdits.multiply(
                    weights,
                    rows,
                    length: target.shape.rowLength,
                    by: factor,
                    roundingToHalf: type == .f16
                )
            }
            if edit.appliesSoftplus { Exponential.soften(weights, roundingToHalf: type == .f16) }
            if edit.negatesExponential { Exponential.negate(weights, roundingToHalf: type == .f16) }
            if let columns = edit.columns { RowEdits.reorder(weights, columns) }
            try encoded.withUnsafeMutableBytes { encoded in
                let encoded = UnsafeMutableRawBufferPointer(rebasing: encoded[..<size])
                BlockCodec.encode(UnsafeBufferPointer(weights), as: target.type, into: encoded)
                guard !isFinite || BlockCodec.isUsable(target.type, UnsafeRawBufferPointer(encoded)) else {
                    throw ConversionProblem.notRepresentable(tensor: target.name, type: target.type.name)
                }
                try write(UnsafeRawBufferPointer(encoded))
            }
        }
    }

    /// Multiplies rows of the output by their scales in the checkpoint, and adds the updates of adapters.
    private static func change(
        _ weights: UnsafeMutableBufferPointer<Float>,
        by part: ConversionPlan.Tensor.Part,
        _ rows: Range<Int>,
        _ order: RowOrder,
        like shape: TensorShape,
        _ kernels: Kernels
    ) {
        let length = shape.rowLength
        // Such matrices are separate entries, so that a part's rows belong to one matrix.
        let matrixRows = shape.dimensions[1]
        func sources(_ order: RowOrder) -> [Int] {
            rows.map { order.source(of: $0, rowCount: matrixRows, matrixRows: matrixRows) }
        }
        if let scale = part.scale {
            for (index, source) in sources(order).enumerated() {
                let range = (index * length)..<((index + 1) * length)
                scale.apply(to: UnsafeMutableBufferPointer(rebasing: weights[range]), row: source)
            }
        }
        for update in part.updates {
            let columns = update.placement?.columns
            if let columns { RowEdits.restore(weights, columns) }
            update.apply(to: weights, rows: sources(update.placement?.order ?? order), kernels: kernels)
            if let columns { RowEdits.reorder(weights, columns) }
        }
    }
}
