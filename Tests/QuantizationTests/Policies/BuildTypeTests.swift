import Quantization
import Testing

@Suite struct BuildTypeTests {
    @Test(arguments: FileType.allCases)
    func theNameOfEveryMixIsItsTag(_ type: FileType) {
        #expect(BuildType(name: type.name) == .mix(type) && BuildType(name: type.tag) == .mix(type))
        #expect(BuildType.mix(type).tag == type.tag)
    }

    @Test func otherNamesAreRecipes() {
        #expect(BuildType(name: "phone-4.5_bits") == .recipe("phone-4.5_bits"))
        #expect(BuildType.recipe("phone").tag == "phone" && "\(BuildType.recipe("phone"))" == "phone")
        #expect(BuildType(name: "q4_k") == .mix(.q4_K_M))
    }

    @Test(arguments: ["", "Phone", "a b", "a/b", ".hidden", "größe", String(repeating: "a", count: 129)])
    func namesThatNoBuildCanHaveAreNone(_ name: String) {
        #expect(BuildType(name: name) == nil)
    }
}
