import Registry
import Testing

@Suite struct NameGrammarTests {
    @Test(arguments: ["phi3", "qwen2.5-1.5b", "q4_k_m", "0x", String(repeating: "a", count: 128)])
    func acceptsPlainNames(_ name: String) throws {
        #expect(try BuildReference(name).model == name)
    }

    @Test(arguments: [
        "", ".", "..", ".hidden", "-x", "_x", "a/b", "../a", "a\\b", "a b", "a\u{0}", "a\n", "Phi3", "é",
        String(repeating: "a", count: 129),
    ])
    func refusesNamesThatCouldMeanSomethingElse(_ name: String) throws {
        let one = try version("1.0.0")
        #expect(throws: RegistryError.self) { try BuildName(model: name, version: one, type: "f16") }
        #expect(throws: RegistryError.self) { try BuildName(model: "phi3", version: one, type: name) }
    }
}
