import TestSupport
import Testing

/// Results on standard output, everything else on standard error, and no colours where nobody sees them.
@Suite(.sharedRun) struct StreamsTests {
    private let run: FinishedRun
    private var program: Program { run.program }

    init() throws { run = try #require(SharedRun.current) }

    @Test func progressGoesToStandardErrorAndQuietSilencesIt() throws {
        let loud = try program("run", "tiny.yaml", "--force", "--verbose")
        #expect(loud.errors.contains("builds: quantize") && loud.errors.contains("publish: done in "))
        #expect(loud.output.hasPrefix("step ") && loud.output.contains("tiny@1.0.0:q8_0"))
        let quiet = try program("run", "tiny.yaml", "--force", "--quiet")
        #expect(quiet.status == 0 && quiet.errors == "")
    }

    static let quietCommands = [
        ["convert", tinyFolder, "-o", "quiet.gguf"], ["quantize", "f16.gguf", "-o", "quiet-q.gguf", "--type", "q4_0"],
        ["quantize", "f16.gguf", "-o", "quiet-r.gguf", "--type", "q4_0", "--allow-requantize"],
        ["perplexity", "f16.gguf", "--text", sampleText, "--context", "32", "--chunks", "1"],
        ["generate", "f16.gguf", "--prompt", "a", "-n", "2"], ["pull", "tiny:q8_0", "-o", "quiet-p.gguf"],
        ["registry", "verify", "--read-data"],
    ]

    @Test(arguments: quietCommands)
    func everyWorkingCommandCanBeQuiet(_ arguments: [String]) throws {
        let result = try program.run(arguments + ["--quiet"])
        #expect(result.status == 0 && result.errors == "")
        #expect(result.output.hasSuffix("\n") && result.output.count > 1)
    }

    static let printingCommands = [
        ["run", "tiny.yaml", "--force"], ["plan", "tiny.yaml"], ["query", "--ram", "2GB", "--platform", "ios"],
        ["registry", "list"], ["registry", "show", "tiny:q8_0"], ["registry", "verify"], ["devices"],
        ["fit", "f16.gguf", "--device", "pixel-8"], ["inspect", "f16.gguf", "--tensors"], ["doctor"],
        ["validate", "missing.yaml"], ["query", "--device", "nothing"], ["quantize", "f16.gguf"],
    ]

    @Test(arguments: printingCommands, ["1", nil])
    func thereAreNoEscapeCodesOutsideATerminal(_ arguments: [String], _ noColor: String?) throws {
        var program = program
        program.environment = ["TERM": "xterm-256color"]
        program.environment["NO_COLOR"] = noColor
        let result = try program.run(arguments)
        #expect((result.output + result.errors).unicodeScalars.contains { $0 == "\u{1b}" || $0 == "\r" } == false)
        #expect((result.output + result.errors).isEmpty == false)
    }

    static let recordCommands = [
        ["registry", "list"], ["devices"], ["fit", "f16.gguf", "--device", "pixel-8", "--device", "pixel-7"],
    ]

    @Test(arguments: recordCommands)
    func recordsComeInEveryForm(_ arguments: [String]) throws {
        func lines(_ format: String) throws -> [String] {
            let result = try program.run(arguments + ["--format", format])
            #expect(result.status == 0)
            return result.lines
        }
        let count = try program.run(arguments + ["--json"]).json([[String: Any]].self).count
        #expect(count >= 2)
        #expect(try lines("jsonl").count == count)
        #expect(try lines("csv").count == count + 1)
        #expect(try lines("table").count == count + 1)
        let markdown = try lines("markdown")
        #expect(markdown.count == count + 2)
        #expect(markdown.allSatisfy { $0.hasPrefix("|") && $0.hasSuffix("|") })
        let columns = markdown.map { $0.split(separator: "|").count }
        #expect(Set(columns).count == 1)
    }

    /// A result that nobody can read is a failure, not a crash.
    @Test(.enabled(if: isLinux, "needs /dev/full"))
    func resultsThatCannotBeWrittenAreAnErrorInWords() throws {
        var program = program
        program.shellPrefix = "exec > /dev/full;"
        let result = try program("devices")
        #expect(result.status == 1)
        #expect(result.errors.hasPrefix("edgepipe: standard output: cannot write"))
        #expect(result.errors.split(separator: "\n").count == 1)
    }
}

#if os(Linux)
    let isLinux = true
#else
    let isLinux = false
#endif
