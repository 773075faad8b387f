import Safetensors
import Tensors
import Testing

@Suite struct SafetensorsTypeTests {
    /// The format's own table of element sizes.
    private static let bits = [
        "BOOL": 8, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8,
        "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32, "C64": 64, "F64": 64, "I64": 64,
        "U64": 64,
    ]

    @Test func everyTypeOfTheFormatIsKnownWithItsSize() {
        #expect(SafetensorsType.allCases.count == Self.bits.count)
        for (name, bits) in Self.bits { #expect(SafetensorsType(rawValue: name)?.bitsPerElement == bits, "\(name)") }
    }

    @Test(arguments: SafetensorsType.allCases)
    func onlyFloatingPointWeightsAreReadAndTheirSizesAgree(_ type: SafetensorsType) {
        let isReadable = [.f32, .f16, .bf16].contains(type)
        #expect((type.tensorType != nil) == isReadable)
        if let tensorType = type.tensorType {
            #expect(tensorType.name == type.rawValue && tensorType.block.bytes * 8 == type.bitsPerElement)
        }
    }
}
