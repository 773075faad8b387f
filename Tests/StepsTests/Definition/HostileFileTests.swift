import Pipeline
import Steps
import Testing

/// Files that are small and ask for much. Each must be refused in no time.
@Suite struct HostileFileTests {
    /// Nine levels, each nine times the one before: 9^9 nodes once every alias stands for a copy.
    private var bomb: String {
        let letters = Array("abcdefghi")
        let lines = letters.indices.map { index in
            let element = index == 0 ? "x" : "*\(letters[index - 1])"
            return
                "\(letters[index]): &\(letters[index]) [\(Array(repeating: element, count: 9).joined(separator: ","))]"
        }
        return lines.joined(separator: "\n") + "\n"
    }

    @Test(
        .timeLimit(.minutes(1)),
        arguments: ["", "pipeline: *i\n", "steps: *i\n", "? *i\n: 1\n", "? { k: *i }\n: 1\n"]
    )
    func anAliasBombEndsQuickly(_ use: String) throws {
        let clock = ContinuousClock()
        var problems: [String] = []
        let duration = try clock.measure { problems = try diagnostics(of: bomb + use) }
        #expect(problems.isEmpty == false)
        #expect(duration < .seconds(5))
    }

    /// A few aliases are a convenience; stars in comments and inside of words are none.
    @Test func sixteenAliasesAreAllowedAndTheNextIsShown() throws {
        func text(_ count: Int) -> String {
            let gates = Array(repeating: "*g", count: count).joined(separator: ", ")
            return "# *see* *the* *page*\npipeline: p*x\nversion: &g 1.0.0\nmodel: [\(gates)]\n"
        }
        #expect(try diagnostics(of: text(16)).contains { $0.contains("aliases") } == false)
        let column = "model: [".count + 16 * "*g, ".count + 1
        #expect(
            try diagnostics(of: text(17)) == ["4:\(column): the file has more than 16 aliases. Write the values out."]
        )
    }

    @Test(arguments: ["[", "- ", "{a: ", "? "])
    func deepNestingIsRefused(_ opening: String) throws {
        let text = String(repeating: opening, count: 100_000)
        let problems = try diagnostics(of: text)
        #expect(problems.count == 1)
        #expect(problems.first?.contains("not valid YAML") == true)
    }

    @Test func nestingThatTheParserAllowsIsRefusedAsAnOrdinaryMistake() throws {
        let text = WrongFile.head + "  - " + String(repeating: "[", count: 900) + String(repeating: "]", count: 900)
        #expect(try diagnostics(of: text) == ["5:5: a step must be a mapping of settings, `key: value`."])
    }
}
