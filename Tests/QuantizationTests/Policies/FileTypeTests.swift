import Quantization
import Testing

@Suite struct FileTypeTests {
    /// `enum llama_ftype` in llama.cpp's `llama.h`, without the prefix.
    private static let llama: [String: UInt32] = [
        "F32": 0, "F16": 1, "Q4_0": 2, "Q4_1": 3, "Q8_0": 7, "Q5_0": 8, "Q5_1": 9, "Q2_K": 10, "Q3_K_S": 11,
        "Q3_K_M": 12, "Q3_K_L": 13, "Q4_K_S": 14, "Q4_K_M": 15, "Q5_K_S": 16, "Q5_K_M": 17, "Q6_K": 18, "IQ2_XXS": 19,
        "IQ2_XS": 20, "Q2_K_S": 21, "IQ3_XS": 22, "IQ3_XXS": 23, "IQ1_S": 24, "IQ4_NL": 25, "IQ3_S": 26, "IQ3_M": 27,
        "IQ2_S": 28, "IQ2_M": 29, "IQ4_XS": 30, "IQ1_M": 31, "BF16": 32, "TQ1_0": 36, "TQ2_0": 37,
        "MXFP4_MOE": 38, "Q1_0": 40, "Q2_0": 41,
    ]

    @Test func everyTypeThatLlamaQuantizeTakesIsThere() {
        #expect(Set(FileType.allCases.map(\.name)) == Set(Self.llama.keys))
    }

    @Test(arguments: FileType.allCases)
    func numbersAndNamesAreLlamas(_ type: FileType) {
        #expect(Self.llama[type.name] == type.rawValue)
        #expect(type.tag == type.name.lowercased())
    }

    @Test(arguments: FileType.allCases)
    func everySpellingIsRead(_ type: FileType) {
        for name in [type.name, type.tag, String(type.rawValue)] { #expect(FileType(name: name) == type) }
    }

    @Test(arguments: [("q3_k", .q3_K_M), ("Q4_K", .q4_K_M), ("Q5_k", .q5_K_M)] as [(String, FileType)])
    func shortFormsMeanTheMediumMix(_ name: String, _ type: FileType) {
        #expect(FileType(name: name) == type)
    }

    @Test(arguments: ["", "Q4", "Q4_K_XL", "Q9_0", "4", "-1", "99999999999", " Q4_0", "Q4_0 "])
    func otherNamesAreNone(_ name: String) {
        #expect(FileType(name: name) == nil)
    }
}
