import Tensors

/// Converts rows of weights between single precision and the formats of a GGUF file.
///
/// These functions are the module's only public interface: they take a type and raw buffers, and everything generic is
/// internal.
public enum BlockCodec {
    /// Whether `decode` supports the type.
    public static func canDecode(_ type: TensorType) -> Bool { format(of: type) != nil }

    /// Whether `encode` supports the type.
    public static func canEncode(_ type: TensorType) -> Bool { format(of: type) != nil && type != .nvfp4 }

    /// Whether the type can be encoded only with an importance matrix.
    public static func needsImportance(_ type: TensorType) -> Bool {
        [.iq1_s, .iq2_xxs, .iq2_xs].contains(type)
    }

    /// Decodes whole blocks; exact for every type.
    /// - Parameters:
    ///   - bytes: a whole number of blocks of `type`.
    ///   - weights: memory for exactly the elements in `bytes`.
    /// - Precondition: `canDecode(type)`, and the two sizes agree.
    public static func decode(
        _ type: TensorType,
        _ bytes: UnsafeRawBufferPointer,
        kernels: Kernels = .fastest,
        into weights: UnsafeMutableBufferPointer<Float>
    ) {
        precondition(type.byteCount(elements: weights.count) == bytes.count, "buffer sizes do not agree")
        guard let format = format(of: type) else { preconditionFailure("\(type.name) cannot be decoded") }
        guard !kernels.decode(type, bytes, into: weights) else { return }
        format.decode(blocks: bytes, into: weights)
    }

    /// Encodes whole blocks, byte-identical to llama.cpp's reference quantizer without an importance matrix.
    /// - Parameters:
    ///   - weights: finite numbers, a whole number of blocks of `type`.
    ///   - kernels: the variant to use; the bytes are the same.
    ///   - bytes: memory for exactly these blocks.
    /// - Precondition: `canEncode(type)`, not `needsImportance(type)`, and the two sizes agree.
    public static func encode(
        _ weights: UnsafeBufferPointer<Float>,
        as type: TensorType,
        kernels: Kernels = .fastest,
        into bytes: UnsafeMutableRawBufferPointer
    ) {
        precondition(type.byteCount(elements: weights.count) == bytes.count, "buffer sizes do not agree")
        guard canEncode(type), let format = format(of: type) else {
            preconditionFailure("\(type.name) cannot be encoded")
        }
        precondition(!needsImportance(type), "\(type.name) needs an importance matrix")
        guard !kernels.encode(weights, as: type, into: bytes) else { return }
        format.encode(weights: weights, into: bytes)
    }

    /// Encodes whole rows with an importance matrix, byte-identical to llama.cpp's reference quantizer.
    /// - Parameters:
    ///   - rows: finite numbers, each row a whole number of blocks of `type`.
    ///   - importance: a finite number for each column of a row.
    ///   - kernels: the variant to use; the bytes are the same.
    ///   - bytes: memory for exactly these blocks.
    /// - Precondition: `canEncode(type)`, and the sizes agree.
    public static func encode(
        rows: UnsafeBufferPointer<Float>,
        importance: UnsafeBufferPointer<Float>,
        as type: TensorType,
        kernels: Kernels = .fastest,
        into bytes: UnsafeMutableRawBufferPointer
    ) {
        let columns = importance.count
        guard let rowBytes = type.byteCount(elements: columns), columns > 0, rows.count.isMultiple(of: columns) else {
            preconditionFailure("rows of whole blocks, and a number for each column")
        }
        precondition(rows.count / columns * rowBytes == bytes.count, "buffer sizes do not agree")
        guard canEncode(type), let format = format(of: type) else {
            preconditionFailure("\(type.name) cannot be encoded")
        }
        guard !kernels.encode(rows, importance: importance, as: type, into: bytes) else { return }
        for index in 0..<(rows.count / columns) {
            let row = UnsafeBufferPointer(rebasing: rows[(index * columns)..<((index + 1) * columns)])
            format.encode(
                row: row,
                RowImportance(importance.baseAddress!, row: row),
                into: UnsafeMutableRawBufferPointer(rebasing: bytes[(index * rowBytes)..<((index + 1) * rowBytes)])
            )
        }
    }

    /// Whether blocks of the type can be refined.
    public static func canRefine(_ type: TensorType) -> Bool { format(of: type) is any ScaledFormat.Type }

    /// Lowers the error of rows that were encoded with an importance matrix, block by block, if possible.
    /// - Parameters:
    ///   - bytes: the rows as `encode` wrote them.
    ///   - rows: the original weights.
    ///   - importance: a finite, non-negative number for each column of a row.
    /// - Precondition: `canRefine(type)`, and the sizes agree.
    public static func refine(
        _ bytes: UnsafeMutableRawBufferPointer,
        of rows: UnsafeBufferPointer<Float>,
        importance: UnsafeBufferPointer<Float>,
        as type: TensorType
    ) {
        precondition(type.byteCount(elements: rows.count) == bytes.count, "buffer sizes do not agree")
        precondition(importance.count.isMultiple(of: type.block.elements), "rows of whole blocks")
        guard let format = format(of: type) as? any ScaledFormat.Type else {
            preconditionFailure("\(type.name) cannot be refined")
        }
        format.refine(bytes, of: rows, importance: importance)
    }

    /// Whether every scale in the blocks is finite. A weight beyond half precision's range causes one that is not.
    public static func isUsable(_ type: TensorType, _ bytes: UnsafeRawBufferPointer) -> Bool {
        format(of: type)?.isUsable(blocks: bytes) ?? true
    }

    /// The exclusive limit of the magnitude of weights with half-precision scales: 65504 * 128 * 32 is just below 2^28.
    /// Far beyond it the searches overflow and, as in the reference, store a block of zeros, which looks usable.
    public static let scaleLimit: Float = 0x1p28

    /// Returns the largest magnitude among the weights; infinite or NaN if one of them is.
    public static func greatestMagnitude(
        in weights: UnsafeBufferPointer<Float>,
        kernels: Kernels = .fastest
    ) -> Float {
        if let bits = kernels.greatestMagnitude(weights) { return Float(bitPattern: bits) }
        // Magnitudes compare as their bits do, and integers compare without a branch.
        return Float(bitPattern: weights.reduce(0) { max($0, $1.bitPattern & 0x7fff_ffff) })
    }

    static func format(of type: TensorType) -> (any BlockFormat.Type)? {
        switch type {
        case .f32: F32.self
        case .f16: F16.self
        case .bf16: BF16.self
        case .q4_0: Q4_0.self
        case .q4_1: Q4_1.self
        case .q5_0: Q5_0.self
        case .q5_1: Q5_1.self
        case .q8_0: Q8_0.self
        case .q2_K: Q2_K.self
        case .q3_K: Q3_K.self
        case .q4_K: Q4_K.self
        case .q5_K: Q5_K.self
        case .q6_K: Q6_K.self
        case .iq1_s: IQ1_S.self
        case .iq1_m: IQ1_M.self
        case .iq2_xxs: IQ2_XXS.self
        case .iq2_xs: IQ2_XS.self
        case .iq2_s: IQ2_S.self
        case .iq3_xxs: IQ3_XXS.self
        case .iq3_s: IQ3_S.self
        case .iq4_nl: IQ4_NL.self
        case .iq4_xs: IQ4_XS.self
        case .tq1_0: TQ1_0.self
        case .tq2_0: TQ2_0.self
        case .mxfp4: MXFP4.self
        case .nvfp4: NVFP4.self
        case .q1_0: Q1_0.self
        case .q2_0: Q2_0.self
        case .f64, .i8, .i16, .i32, .i64, .q8_1, .q8_K: nil
        }
    }
}
