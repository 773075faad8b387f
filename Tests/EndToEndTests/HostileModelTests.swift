import BinaryIO
import Foundation
import SystemPackage
import TestSupport
import Testing

/// Texts of a model that attack a terminal, a page, a shell or a program come out as text.
@Suite struct HostileModelTests {
    private let program: Program

    init() throws {
        program = Program(folder: try ScratchFolder())
        try HostileModel.write(to: program.folder.appending("tensor.gguf"), namingTensor: true)
        try HostileModel.write(to: program.folder.appending("$(touch own).gguf"))
        try program("registry", "init")
        let imported = try program(
            "registry",
            "import",
            "$(touch own).gguf",
            "--as",
            "hostile@1.0.0:f32",
            "--license",
            HostileModel.shellText,
            "--source",
            "hf://a/b;touch${IFS}own"
        )
        try #require(imported.status == 0, "\(imported.errors)")
        expectHarmless(imported, "import")
    }

    /// Nothing that a terminal obeys, and no line that a text of the model begins.
    private func expectHarmless(_ result: Program.Result, _ what: String) {
        for text in [result.output, result.errors] {
            let hidden = text.unicodeScalars.first { $0.isHidden && $0 != "\n" && $0 != "\t" }
            #expect(hidden == nil, "\(what): \(String(describing: hidden)) in \(text.debugDescription.prefix(2000))")
            let forged = text.split(separator: "\n").first { $0.hasPrefix("Forged") || $0.hasPrefix("::error") }
            #expect(forged == nil, "\(what): \(text.prefix(500))")
        }
    }

    static let commands = [
        ["inspect", "tensor.gguf", "--tensors"], ["fit", "tensor.gguf", "--device", "pixel-8"],
        ["perplexity", "tensor.gguf", "--text", sampleText, "--context", "16", "--chunks", "1"],
        ["quantize", "tensor.gguf", "-o", "q.gguf", "--type", "q8_0"], ["registry", "list"],
        ["registry", "show", "hostile"], ["registry", "history", "hostile"],
        ["query", "--ram", "3GB", "--platform", "android", "--explain"],
        ["query", "--license", "other", "--tag", "other"], ["query", "--model", HostileModel.shellText],
        ["run", HostileModel.shellText], ["inspect", HostileModel.shellText], ["pull", HostileModel.shellText],
        ["compare", "--ram", "3GB", "--platform", "ios"], ["compare", "--device", "pixel-8", "--lang", "ru"],
        ["snippet", "hostile", "--for", "swift"], ["snippet", "hostile", "--for", "kotlin"],
        ["snippet", "hostile", "--for", "react-native"], ["snippet", "hostile", "--for", "flutter"],
        ["report", "hostile", "-o", "/dev/stdout", "--format", "md"],
        ["report", "hostile", "-o", "/dev/stdout", "--format", "html"],
        ["generate", "tensor.gguf", "--prompt", "t1 t2", "-n", "4", "--json"],
    ]

    @Test(arguments: commands)
    func commandsPrintTextsAsText(_ arguments: [String]) throws {
        let result = try program.run(arguments)
        #expect([0, 1, 3, 4, 64].contains(result.status), "\(arguments): \(result.errors)")
        expectHarmless(result, "\(arguments)")
        let isRecord =
            ["inspect", "fit", "query"].contains(arguments[0]) || arguments.starts(with: ["registry", "list"])
        for format in isRecord ? ["json", "jsonl", "csv", "markdown"] : [] {
            expectHarmless(try program.run(arguments + ["--format", format]), "\(arguments) \(format)")
        }
    }

    /// The block of commands in the page is given to a shell, in which the programs only show what they were told.
    @Test func commandsToPasteRunNothingElse() throws {
        let page = try program("compare", "--ram", "3GB", "--platform", "ios").output
        let lines = page.split(separator: "\n").filter { $0.hasPrefix("    edgepipe ") || $0.hasPrefix("    python ") }
        #expect(lines.count == 3)
        let script = "edgepipe() { printf '%s\\n' \"$@\"; }; python() { edgepipe \"$@\"; }\n"
        let file = try program.folder.write(script + lines.joined(separator: "\n"), to: "paste.sh")
        let shell = Process()
        shell.executableURL = URL(fileURLWithPath: "/bin/sh")
        shell.arguments = [file.string]
        shell.currentDirectoryURL = URL(fileURLWithPath: program.folder.path.string)
        let pipe = Pipe()
        shell.standardOutput = pipe
        try shell.run()
        let words = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        shell.waitUntilExit()
        #expect(shell.terminationStatus == 0)
        #expect(words.split(separator: "\n").contains("hf://a/b;touch${IFS}own"))
        #expect(FileStatus(program.folder.appending("own")) == nil)
    }

    @Test(arguments: [["compare", "--ram", "3GB", "--platform", "ios"], ["report", "hostile", "-o", "/dev/stdout"]])
    func noTextBecomesMarkup(_ arguments: [String]) throws {
        let page = try program.run(arguments).output
        // Code has texts in its comments, behind a fence that they cannot close.
        let text = page.components(separatedBy: "\n```").enumerated().filter { $0.offset.isMultiple(of: 2) }
        #expect(text.allSatisfy { !$0.element.contains("</code>|") })
    }
}
