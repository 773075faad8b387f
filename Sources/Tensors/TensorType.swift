/// The storage type of a tensor's elements, with GGUF's numbers.
///
/// Source: ggml's `ggml_type`; the numbers are part of the GGUF format and the gaps are types that were removed from
/// it.
public enum TensorType: UInt32, Sendable, CaseIterable, Hashable {
    case f32 = 0
    case f16 = 1
    case q4_0 = 2
    case q4_1 = 3
    case q5_0 = 6
    case q5_1 = 7
    case q8_0 = 8
    case q8_1 = 9
    case q2_K = 10
    case q3_K = 11
    case q4_K = 12
    case q5_K = 13
    case q6_K = 14
    case q8_K = 15
    case iq2_xxs = 16
    case iq2_xs = 17
    case iq3_xxs = 18
    case iq1_s = 19
    case iq4_nl = 20
    case iq3_s = 21
    case iq2_s = 22
    case iq4_xs = 23
    case i8 = 24
    case i16 = 25
    case i32 = 26
    case i64 = 27
    case f64 = 28
    case iq1_m = 29
    case bf16 = 30
    case tq1_0 = 34
    case tq2_0 = 35
    case mxfp4 = 39
    case nvfp4 = 40
    case q1_0 = 41
    case q2_0 = 42
}

extension TensorType {
    /// The number of elements and bytes in one block; plain types have blocks of one element.
    public var block: (elements: Int, bytes: Int) {
        switch self {
        case .f32, .i32: (1, 4)
        case .f16, .bf16, .i16: (1, 2)
        case .f64, .i64: (1, 8)
        case .i8: (1, 1)
        case .q4_0: (32, 18)
        case .q4_1: (32, 20)
        case .q5_0: (32, 22)
        case .q5_1: (32, 24)
        case .q8_0: (32, 34)
        case .q8_1: (32, 36)
        case .q2_K: (256, 84)
        case .q3_K: (256, 110)
        case .q4_K: (256, 144)
        case .q5_K: (256, 176)
        case .q6_K: (256, 210)
        case .q8_K: (256, 292)
        case .iq2_xxs: (256, 66)
        case .iq2_xs: (256, 74)
        case .iq2_s: (256, 82)
        case .iq3_xxs: (256, 98)
        case .iq3_s: (256, 110)
        case .iq1_s: (256, 50)
        case .iq1_m: (256, 56)
        case .iq4_nl: (32, 18)
        case .iq4_xs: (256, 136)
        case .tq1_0: (256, 54)
        case .tq2_0: (256, 66)
        case .mxfp4: (32, 17)
        case .nvfp4: (64, 36)
        case .q1_0: (128, 18)
        case .q2_0: (64, 18)
        }
    }

    /// The name that llama.cpp prints, in its own spelling: "Q4_K", "F16", "IQ2_XXS".
    public var name: String { Self.names[self] ?? "" }

    /// Reads the name in any case.
    public init?(name: some StringProtocol) {
        guard let match = Self.byName[name.uppercased()] else { return nil }
        self = match
    }

    /// The names, computed once: estimates look up types by name thousands of times, and spelling a case is slow.
    private static let names = Dictionary(
        uniqueKeysWithValues: allCases.map { ($0, String(describing: $0).uppercased()) }
    )
    private static let byName = Dictionary(uniqueKeysWithValues: names.map { ($0.value, $0.key) })

    /// Whether several elements share a block, as in every quantized type.
    public var isQuantized: Bool { block.elements > 1 }

    /// The bits per element, averaged over a block.
    public var bitsPerElement: Double { Double(block.bytes * 8) / Double(block.elements) }

    /// Returns the bytes of a row of `count` elements; nil if the row is not a whole number of blocks or the size
    /// overflows.
    public func byteCount(elements count: Int) -> Int? {
        let (elements, bytes) = block
        guard count >= 0, count.isMultiple(of: elements) else { return nil }
        let (total, overflow) = (count / elements).multipliedReportingOverflow(by: bytes)
        return overflow ? nil : total
    }
}
