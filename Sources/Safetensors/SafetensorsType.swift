import Tensors

/// Element types of the safetensors format.
public enum SafetensorsType: String, Sendable, CaseIterable {
    case f64 = "F64"
    case f32 = "F32"
    case f16 = "F16"
    case bf16 = "BF16"
    case f8_e4m3 = "F8_E4M3"
    case f8_e5m2 = "F8_E5M2"
    case f8_e8m0 = "F8_E8M0"
    case f6_e2m3 = "F6_E2M3"
    case f6_e3m2 = "F6_E3M2"
    case f4 = "F4"
    case i64 = "I64"
    case i32 = "I32"
    case i16 = "I16"
    case i8 = "I8"
    case u64 = "U64"
    case u32 = "U32"
    case u16 = "U16"
    case u8 = "U8"
    case bool = "BOOL"
    case c64 = "C64"

    /// The number of bits of one element: whole bytes, except for types below eight bits.
    public var bitsPerElement: Int {
        switch self {
        case .f64, .i64, .u64, .c64: 64
        case .f32, .i32, .u32: 32
        case .f16, .bf16, .i16, .u16: 16
        case .f8_e4m3, .f8_e5m2, .f8_e8m0, .i8, .u8, .bool: 8
        case .f6_e2m3, .f6_e3m2: 6
        case .f4: 4
        }
    }

    /// The same type in GGUF, for the types that weights are read from.
    public var tensorType: TensorType? {
        switch self {
        case .f32: .f32
        case .f16: .f16
        case .bf16: .bf16
        default: nil
        }
    }
}
