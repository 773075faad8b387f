import Tensors
import Testing

@Suite struct TensorTypeTests {
    /// What ggml says of every type number: name, elements and bytes of a block. Printed by `ggml_type_name`,
    /// `ggml_blck_size` and `ggml_type_size` of ggml 0.25.3.
    private static let ggml: [UInt32: (name: String, elements: Int, bytes: Int)] = [
        0: ("f32", 1, 4), 1: ("f16", 1, 2), 2: ("q4_0", 32, 18), 3: ("q4_1", 32, 20), 6: ("q5_0", 32, 22),
        7: ("q5_1", 32, 24), 8: ("q8_0", 32, 34), 9: ("q8_1", 32, 36), 10: ("q2_K", 256, 84), 11: ("q3_K", 256, 110),
        12: ("q4_K", 256, 144), 13: ("q5_K", 256, 176), 14: ("q6_K", 256, 210), 15: ("q8_K", 256, 292),
        16: ("iq2_xxs", 256, 66), 17: ("iq2_xs", 256, 74), 18: ("iq3_xxs", 256, 98), 19: ("iq1_s", 256, 50),
        20: ("iq4_nl", 32, 18), 21: ("iq3_s", 256, 110), 22: ("iq2_s", 256, 82), 23: ("iq4_xs", 256, 136),
        24: ("i8", 1, 1), 25: ("i16", 1, 2), 26: ("i32", 1, 4), 27: ("i64", 1, 8), 28: ("f64", 1, 8),
        29: ("iq1_m", 256, 56), 30: ("bf16", 1, 2), 34: ("tq1_0", 256, 54), 35: ("tq2_0", 256, 66),
        39: ("mxfp4", 32, 17), 40: ("nvfp4", 64, 36), 41: ("q1_0", 128, 18), 42: ("q2_0", 64, 18),
    ]

    @Test(arguments: 0..<256 as Range<UInt32>)
    func everyTypeNumberMeansWhatItMeansInGGML(_ code: UInt32) {
        let type = TensorType(rawValue: code)
        let expected = Self.ggml[code]
        #expect(type?.name.lowercased() == expected?.name.lowercased())
        #expect(type?.block.elements == expected?.elements)
        #expect(type?.block.bytes == expected?.bytes)
    }

    @Test(arguments: TensorType.allCases)
    func namesAreReadInAnyCase(_ type: TensorType) {
        #expect(TensorType(name: type.name) == type)
        #expect(TensorType(name: type.name.lowercased()) == type)
        #expect(TensorType(name: type.name + "x") == nil)
    }

    @Test(arguments: TensorType.allCases)
    func rowsAreWholeBlocks(_ type: TensorType) {
        let (elements, bytes) = type.block
        #expect(type.byteCount(elements: 0) == 0)
        #expect(type.byteCount(elements: elements * 3) == bytes * 3)
        #expect(type.byteCount(elements: -elements) == nil)
        #expect((type.byteCount(elements: elements + 1) == nil) == type.isQuantized)
        #expect(type.bitsPerElement == Double(bytes) * 8 / Double(elements))
    }

    @Test func aSizeThatOverflowsIsNone() {
        #expect(TensorType.f64.byteCount(elements: .max) == nil)
        #expect(TensorType.f64.byteCount(elements: .max / 8) == .max - 7)
        #expect(TensorType.f64.byteCount(elements: .max / 8 + 1) == nil)
        #expect(TensorType.q8_0.byteCount(elements: .max - 31) == nil)
    }
}
