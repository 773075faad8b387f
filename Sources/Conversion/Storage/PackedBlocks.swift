import GGUF
import Safetensors
import Tensors

/// A stack of matrices that a checkpoint stores in MXFP4: blocks of 32 weights, with the exponents in a separate
/// tensor. GGUF interleaves both and orders a block's weights differently, so bytes move and numbers stay the same.
///
/// Source: Open Compute Project, "Microscaling Formats (MX) Specification", 2023; the order as in transformers'
/// `mxfp4`.
struct PackedBlocks: Sendable {
    /// Shape (E, R, B, 16): experts, rows, blocks of a row; byte `i` has weight `2 i` in its lower half and the next
    /// one in its upper half.
    let blocks: SafetensorsCheckpoint.Entry
    /// The exponents, shape (E, R, B).
    let scales: SafetensorsCheckpoint.Entry
    /// The rows of each matrix to take.
    let order: RowOrder

    private static let blockBytes = 16
    private static let blockWeights = 32
    /// The exponent that stands for NaN.
    private static let notANumber: UInt8 = 255

    /// The shape of the stack, slowest dimension first.
    /// - Throws: `ConversionProblem` unless blocks and exponents consist of bytes and match.
    func dimensions() throws -> [Int] {
        for entry in [blocks, scales] where entry.tensor.type != .u8 {
            throw ConversionProblem.wrongShape(
                tensor: entry.tensor.name,
                found: entry.tensor.shape,
                expected: "elements of type U8 in place of \(entry.tensor.type.rawValue), and the same shape"
            )
        }
        let shape = blocks.tensor.shape
        guard shape.count == 4, shape[3] == Self.blockBytes, shape.allSatisfy({ $0 > 0 }) else {
            throw ConversionProblem.wrongShape(
                tensor: blocks.tensor.name,
                found: shape,
                expected: "four dimensions, the last one \(Self.blockBytes),"
            )
        }
        guard scales.tensor.shape == Array(shape.dropLast()) else {
            throw ConversionProblem.wrongShape(
                tensor: scales.tensor.name,
                found: scales.tensor.shape,
                expected: "\(Array(shape.dropLast())), as its blocks have it,"
            )
        }
        let isShared = order != .unchanged
        guard !isShared || shape[1].isMultiple(of: 2) else {
            throw ConversionProblem.wrongShape(
                tensor: blocks.tensor.name,
                found: shape,
                expected: "four dimensions, the second even,"
            )
        }
        // The file has this many bytes, so the product does not overflow.
        return [shape[0], isShared ? shape[1] / 2 : shape[1], shape[2] * Self.blockWeights]
    }

    /// - Parameters:
    ///   - rows: rows of the output.
    ///   - output: memory for them.
    /// - Throws: `ConversionProblem.notFinite` for a NaN exponent, unless NaN is allowed.
    func write(
        _ rows: Range<Int>,
        of target: GGUFTensor,
        into output: UnsafeMutableRawBufferPointer,
        allowsNonFinite: Bool
    ) throws {
        let perRow = target.shape.rowLength / Self.blockWeights
        let (codes, exponents) = (blocks.bytes, scales.bytes)
        let shape = target.shape
        var place = 0
        for row in rows {
            let source = order.source(of: row, rowCount: shape.rowCount, matrixRows: shape.dimensions[1])
            for block in (source * perRow)..<((source + 1) * perRow) {
                guard allowsNonFinite || exponents[block] != Self.notANumber else {
                    throw ConversionProblem.notFinite(tensor: scales.tensor.name, element: block)
                }
                output[place] = exponents[block]
                let first = block * Self.blockBytes
                for index in 0..<Self.blockBytes {
                    output[place + 1 + index] =
                        Self.code(index, codes, first) | Self.code(index + Self.blockBytes, codes, first) << 4
                }
                place += 1 + Self.blockBytes
            }
        }
    }

    /// The four bits of one of a block's weights.
    @inline(__always)
    private static func code(_ weight: Int, _ codes: UnsafeRawBufferPointer, _ first: Int) -> UInt8 {
        codes[first + weight / 2] >> (weight.isMultiple(of: 2) ? 0 : 4) & 15
    }
}

/// The output that an MXFP4 tensor belongs to.
struct PackPlace: Sendable, Equatable {
    /// The common prefix of the names of blocks and exponents.
    var name: String
    /// Whether the tensor contains the exponents.
    var isScales: Bool
    /// The outputs that are made of both.
    var outputs: [TensorUse.Output]
}

/// Blocks and exponents whose counterpart has not been read yet.
struct PackedTensors {
    private let widths: WidthCheck
    private var waiting: [String: (entry: SafetensorsCheckpoint.Entry, isScales: Bool)] = [:]

    init(_ config: ModelConfig) throws {
        widths = try WidthCheck(config)
    }

    /// - Returns: the outputs, once both blocks and exponents were added; empty before.
    mutating func add(_ entry: SafetensorsCheckpoint.Entry, at place: PackPlace) throws -> [ConversionPlan.Tensor] {
        guard let other = waiting[place.name] else {
            waiting[place.name] = (entry, place.isScales)
            return []
        }
        guard other.isScales != place.isScales else {
            throw ConversionProblem.unknownTensor("\(entry.tensor.name)' beside another of its place")
        }
        waiting[place.name] = nil
        return try place.outputs.map { output in
            let (blocks, scales) = place.isScales ? (other.entry, entry) : (entry, other.entry)
            let packed = PackedBlocks(blocks: blocks, scales: scales, order: output.edit.order)
            let dimensions = try packed.dimensions()
            guard let shape = TensorShape(dimensions.reversed()),
                let target = GGUFTensor(name: output.name, type: .mxfp4, shape: shape)
            else {
                throw ConversionProblem.wrongShape(
                    tensor: blocks.tensor.name,
                    found: blocks.tensor.shape,
                    expected: "a smaller tensor"
                )
            }
            if let expected = widths.problem(of: output.name, shape) {
                throw ConversionProblem.wrongShape(
                    tensor: blocks.tensor.name,
                    found: blocks.tensor.shape,
                    expected: expected
                )
            }
            return ConversionPlan.Tensor(source: .packed(packed), target: target)
        }
    }

    /// - Throws: `ConversionProblem.incompleteStack` if a counterpart is missing.
    func finish() throws {
        guard let name = waiting.keys.min() else { return }
        throw ConversionProblem.incompleteStack(name: name, found: 1, needed: 2)
    }
}
