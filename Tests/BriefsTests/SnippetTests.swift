import Briefs
import DeviceFit
import Testing

@Suite struct SnippetTests {
    @Test(arguments: SnippetKind.allCases)
    func theBuildsOwnValuesAreFilledIn(_ kind: SnippetKind) throws {
        let build = try Sample.build("m", billions: 1, context: 1536, kvType: "q8_0", ends: ["<|end|>"])
        let text = Snippet(kind, for: build).text
        #expect(text.contains("1536") && text.contains("512") && text.contains("<|end|>"))
        #expect(text.lowercased().contains("q8_0"))
        #expect(text.contains("m@1.0.0:q4_k_m") && text.contains("The file brings its own chat template."))
        #expect(text.filter { $0 == "{" }.count == text.filter { $0 == "}" }.count)
    }

    @Test(arguments: SnippetKind.allCases)
    func heatAndMemoryAreLookedAfter(_ kind: SnippetKind) throws {
        let text = Snippet(kind, for: try Sample.build("m", billions: 1)).text.lowercased()
        #expect(text.contains("thermal"))
        #expect(["memory", "trim"].contains { text.contains($0) })
    }

    /// Stop tokens come from a file that anybody may have written.
    @Test func stopTokensAreQuoted() throws {
        let build = try Sample.build("m", billions: 1, ends: ["a\"b\\c"])
        #expect(Snippet(.reactNative, for: build).text.contains(#"stop: ["a\"b\\c"]"#))
    }
}
