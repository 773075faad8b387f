import Foundation
import Registry
import Testing

@Suite struct BuildNameTests {
    @Test func parsesAFullNameAndPrintsItBack() throws {
        let name = try BuildName("phi3@1.0.0-rc.1:Q4_K_M")
        #expect(name.model == "phi3")
        #expect(name.type == "q4_k_m")
        #expect(name.description == "phi3@1.0.0-rc.1:q4_k_m")
        #expect(try JSONDecoder().decode([BuildName].self, from: JSONEncoder().encode([name])) == [name])
    }

    @Test func aReferenceMayLeaveVersionAndTypeOpen() throws {
        #expect(try BuildReference("phi3").selector == .newest)
        #expect(try BuildReference("phi3:q8_0").type == "q8_0")
        #expect(try BuildReference("phi3@stable").selector == .channel("stable"))
        #expect(try BuildReference("phi3@1.2.3").selector == .version(version("1.2.3")))
    }

    @Test(arguments: ["phi3@1.0.0", "phi3:f16", "phi3@1.0:f16", "phi3@:f16", "phi3@1.0.0:", "@1.0.0:f16", "a:b:c"])
    func aBuildNameLeavesNothingOpen(_ text: String) {
        #expect(throws: RegistryError.self) { try BuildName(text) }
    }
}
