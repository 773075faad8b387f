import Foundation
import TestSupport
import Testing

@Suite struct DiffCommandTests {
    /// Two versions: the second has another build, one less, and one with other tensors' types.
    private func versions() throws -> Program {
        let program = Program(folder: try ScratchFolder())
        var pipeline = TinyPipeline()
        pipeline.types = "q8_0, q4_k_m, q4_0"
        try program.folder.write(pipeline.yaml, to: "one.yaml")
        pipeline.version = "1.1.0"
        pipeline.types = "q8_0, q4_k_m, q6_k"
        let text = pipeline.yaml.replacing("types: [q8_0", with: "role-types: { ffn-down: q8_0 }, types: [q8_0")
        try program.folder.write(text, to: "two.yaml")
        for file in ["one.yaml", "two.yaml"] {
            let run = try program("run", file, "--quiet", "--json")
            try #require(run.status == 0, "\(run.errors)")
        }
        return program
    }

    @Test func whatChangedIsToldInMarkdownAndJSON() throws {
        let program = try versions()
        let page = try program("diff", "tiny@1.0.0", "tiny@1.1.0")
        #expect(page.status == 0, "\(page.errors)")
        #expect(page.lines.first == "### tiny@1.0.0 → tiny@1.1.0")
        for words in [
            "- Added: q6_k (", "- Removed: q4_0 (", "- Changed: q4_k_m", "- The same bytes: q8_0", "**Tensor types**",
            " ± ",
        ] {
            #expect(page.output.contains(words), "\(words)\n\(page.output)")
        }
        let json = try program("diff", "tiny@1.0.0", "tiny@1.1.0", "--json").json()
        let changed = try #require((json["changed"] as? [[String: Any]])?.first)
        #expect(changed["type"] as? String == "q4_k_m")
        let metrics = (changed["quality"] as? [[String: Any]])?.compactMap { $0["metric"] as? String } ?? []
        #expect(Set(metrics).isSuperset(of: ["bitsPerByte", "meanKLD", "perplexity"]))
        let types = changed["tensorTypes"] as? [[String: Any]] ?? []
        #expect(types.contains { $0["to"] as? String == "Q8_0" }, "\(types)")
        #expect((changed["devices"] as? [[String: Any]])?.count == 2)
    }

    @Test func whatIsNoTwoVersionsOfAModelIsRefused() throws {
        let program = try versions()
        #expect(try program("diff", "tiny@1.0.0:q8_0", "tiny@1.1.0").status == 64)
        #expect(try program("diff", "tiny@1.0.0", "tiny@2.0.0").status == 1)
        #expect(try program("diff", "tiny@1.0.0", "tinny").status == 1)
        let same = try program("diff", "tiny@1.1.0", "tiny@1.1.0")
        #expect(same.status == 0 && same.output.contains("- The same bytes: q8_0, q6_k, q4_k_m"))
    }
}
