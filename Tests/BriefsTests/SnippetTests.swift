import BinaryIO
import Briefs
import DeviceFit
import Foundation
import SystemPackage
import TestSupport
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

    static let hostile = [
        "a\nimport Evil", "*/ evil() /*", "\r\nevil()", "\u{2028}evil()", "\u{2029}evil()", "\u{85}evil()",
        "\\(evil())",
        "\" + evil() + \"", "'; evil(); '", "${evil()}", "```\nevil", "\u{202E}live", "\u{1b}[31m", "\u{0}", "// evil",
        "\"\"\"\nevil()\n\"\"\"", "</script><script>", "\\", "\\u000aevil()",
    ]

    /// Without its text, the code is the same whatever the token: nothing of it is read as code.
    @Test(arguments: SnippetKind.allCases, hostile)
    func hostileTokensChangeNoCode(_ kind: SnippetKind, _ token: String) throws {
        func code(_ ends: [String], license: String, type: String) throws -> [String] {
            let build = try Sample.build("m", billions: 1, type: type, ends: ends, license: license)
            let text = Snippet(kind, for: build).text
            #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || !$0.isHidden })
            return text.split(separator: "\n", omittingEmptySubsequences: false)
                .map { Self.withoutComments(String($0)) }
        }
        let plain = try code(["END"], license: "mit", type: "Q4_K_M")
        let attacked = try code([token], license: token, type: "Q4_K_M")
        let literal = attacked.firstIndex { $0.contains("stop: [") }
        #expect(plain.count == attacked.count)
        for (line, pair) in zip(plain, attacked).enumerated() where line != literal {
            #expect(pair.0 == pair.1, "line \(line + 1)")
        }
        if let literal {
            let list = attacked[literal].trimmingPrefix(while: \.isWhitespace).dropFirst("stop: ".count).dropLast()
            let read = try JSONSerialization.jsonObject(with: Data(list.utf8)) as? [String]
            #expect(read == [token])
        }
    }

    /// The parts of a line that a compiler reads. Comments of these snippets never begin inside of a string.
    private static func withoutComments(_ line: String) -> String {
        if let literal = line.firstRange(of: "stop: [") { return String(line[literal.lowerBound...]) }
        var line = line
        while let start = line.firstRange(of: "/*"), let end = line[start.upperBound...].firstRange(of: "*/") {
            line.replaceSubrange(start.lowerBound..<end.upperBound, with: "")
        }
        return line.firstRange(of: "//").map { String(line[..<$0.lowerBound]) } ?? line
    }

    /// The compiler's own parser takes the Swift one.
    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/env")), arguments: hostile)
    func swiftParsesTheSnippetWithHostileTokens(_ token: String) throws {
        let build = try Sample.build("m", billions: 1, ends: [token, "END"])
        let folder = try ScratchFolder()
        let file = try folder.write(Snippet(.swift, for: build).text, to: "LocalModel.swift")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["swiftc", "-frontend", "-parse", file.string]
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }

    /// Stop tokens come from a file that anybody may have written.
    @Test func stopTokensAreQuoted() throws {
        let build = try Sample.build("m", billions: 1, ends: ["a\"b\\c"])
        #expect(Snippet(.reactNative, for: build).text.contains(#"stop: ["a\"b\\c"]"#))
    }
}
