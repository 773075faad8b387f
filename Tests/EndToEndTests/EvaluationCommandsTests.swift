import BinaryIO
import Foundation
import SystemPackage
import TestSupport
import Testing

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

private let calibrationText = Goldens.packageRoot.appending("texts/calibration.txt").string

/// Commands that measure a model on a text.
@Suite(.sharedRun) struct EvaluationCommandsTests {
    private let run: FinishedRun
    private var program: Program { run.program }

    init() throws { run = try #require(SharedRun.current) }

    private func digest(_ name: String) throws -> String { "\(try SHA256Digest(ofFile: run.folder.appending(name)))" }

    /// Enough text for minutes.
    private func longText(_ name: String) throws -> String {
        let text = try Data(contentsOf: URL(fileURLWithPath: calibrationText))
        let bytes = (0..<20).reduce(into: Data()) { bytes, _ in bytes += text }
        return try run.folder.write(bytes, to: name).string
    }

    @Test func anImportanceMatrixIsCollectedMergedShownAndUsed() throws {
        let options = ["--text", calibrationText, "--context", "128", "--chunks", "3"]
        for name in ["one.gguf", "two.dat"] {
            let made = try program.run(["imatrix", "f16.gguf", "-o", name, "--json", "--quiet"] + options)
            #expect(made.status == 0 && made.errors == "", "\(made.errors)")
            let report = try made.json()
            #expect(
                report["chunks"] as? Int == 3 && report["context"] as? Int == 128 && report["tensors"] as? Int == 16
            )
            #expect(report["form"] as? String == (name == "two.dat" ? "dat" : "gguf"))
        }
        let merged = try program(
            "imatrix",
            "--merge",
            "one.gguf",
            "two.dat",
            "-o",
            "both.gguf",
            "--context",
            "128",
            "--json"
        )
        #expect(try merged.json()["chunks"] as? Int == 6, "\(merged.errors)")
        let shown = try program("imatrix", "--show", "both.gguf", "--json").json()
        #expect((shown["tensors"] as? [Any])?.count == 16 && (shown["layers"] as? [Any])?.count == 4)
        #expect(try program("imatrix", "--show", "one.gguf").output.contains("3 windows of 128 tokens"))
        let arguments = ["quantize", "f16.gguf", "-o", "small.gguf", "--type", "iq3_xxs", "--imatrix", "both.gguf"]
        #expect(try program.run(arguments + ["--quiet"]).status == 0)
    }

    @Test func anImportanceMatrixThatWasCutGoesOnAndHasTheSameBytes() throws {
        let text = try longText("cut.txt")
        let arguments = ["imatrix", "f16.gguf", "--text", text, "--chunks", "120", "-o"]
        #expect(try program.run(arguments + ["whole.gguf", "--quiet"]).status == 0)
        // One thread, so that it is not done before it is cut; their number decides nothing.
        let running = try program.start(arguments + ["cut.gguf", "--threads", "1"])
        usleep(500_000)
        running.signal(SIGINT)
        let cut = try running.wait()
        #expect(cut.status == 130 && cut.errors.contains("the same command goes on from here"), "\(cut.errors)")
        #expect(try run.folder.names.contains("cut.gguf") == false)
        let rest = try program.run(arguments + ["cut.gguf", "--json"])
        #expect(rest.status == 0 && rest.errors.contains("Going on after"), "\(rest.errors)")
        #expect(try #require(try rest.json()["resumedAfter"] as? Int) > 0)
        #expect(try digest("cut.gguf") == digest("whole.gguf"))
        #expect(try run.folder.names.contains("cut.gguf.part") == false)
    }

    /// What another command left is no help.
    @Test func otherOptionsBeginAnew() throws {
        let text = try longText("other.txt")
        let running = try program.start(["imatrix", "f16.gguf", "--text", text, "-o", "other.gguf"])
        usleep(700_000)
        running.signal(SIGTERM)
        #expect(try running.wait().status == 130)
        #expect(try run.folder.names.contains("other.gguf.part"))
        let arguments = ["imatrix", "f16.gguf", "--text", text, "--chunks", "2", "-o", "other.gguf", "--json"]
        #expect(try program.run(arguments).json()["resumedAfter"] == nil)
        #expect(try run.folder.names.contains("other.gguf.part") == false)
    }

    @Test func aBaseRunsBesideTheBuild() throws {
        #expect(try program("quantize", "f16.gguf", "-o", "q4.gguf", "--type", "q4_0", "--quiet").status == 0)
        let options = ["--text", sampleText, "--context", "64", "--chunks", "3"]
        let beside = try program.run(["perplexity", "q4.gguf", "--base", "f16.gguf", "--json"] + options).json()
        #expect(try program.run(["perplexity", "f16.gguf", "--save-logits", "base", "--quiet"] + options).status == 0)
        let stored = try program("perplexity", "q4.gguf", "--base-logits", "base", "--json").json()
        for key in ["perplexity", "correlationPercent", "sameTopPercent", "meanDeltaPercent", "rmsDeltaPercent"] {
            #expect(beside[key] as? Double != nil && beside[key] as? Double == stored[key] as? Double, "\(key)")
        }
        let keys: Set = [
            "mean", "standardError", "max", "p999", "p99", "p95", "p90", "p75", "median", "p25", "p10", "p05", "p01",
            "p001", "min",
        ]
        for name in ["kld", "deltaPercent"] {
            let sample = try #require(beside[name] as? [String: Double])
            #expect(Set(sample.keys) == keys && sample == stored[name] as? [String: Double])
        }
        let text = try program.run(["perplexity", "q4.gguf", "--base", "f16.gguf"] + options).output
        #expect(text.contains("What may be compared:") && text.contains("Bits per byte: with any model"))
        #expect(text.contains("KL divergence: 0.1 %") && text.contains("change of probability: 25 %"))
    }

    @Test func anInterruptedMeasurementTellsWhatIsKnown() throws {
        let text = try longText("interrupted.txt")
        for arguments in [["perplexity", "f16.gguf"], ["perplexity", "f16.gguf", "--base", "f16.gguf"]] {
            let running = try program.start(arguments + ["--text", text, "--json"])
            usleep(1_000_000)
            running.signal(SIGINT)
            let result = try running.wait()
            #expect(result.status == 130 && result.output == "")
            let pattern = /interrupted after \d+ of \d+ chunks: perplexity [\d.]+ ± [\d.]+.* so far\./
            #expect(result.errors.contains(pattern), "\(result.errors)")
            #expect(result.errors.contains("mean KL divergence") == arguments.contains("--base"))
        }
    }

    @Test func tasksAreAnswered() throws {
        let tasks = Goldens.packageRoot.appending("texts/tasks.jsonl").string
        let result = try program("accuracy", "f16.gguf", "--tasks", tasks, "--json", "--quiet")
        #expect(result.status == 0 && result.errors == "")
        let accuracy = try #require(try result.json()["accuracy"] as? [String: Double])
        #expect(Set(accuracy.keys) == ["percent", "standardError", "low", "high"])
        #expect(try program("accuracy", "f16.gguf", "--tasks", tasks).output.contains("length-normalized"))
        let bad = try run.folder.write(Array("{\"context\": \"a\"}\n".utf8), to: "bad.jsonl").string
        expect(try program("accuracy", "f16.gguf", "--tasks", bad), 3, naming: "bad.jsonl: line 1 of the tasks")
    }

    @Test func sensitivitiesAreMeasuredDrawnAndStored() throws {
        #expect(try program("registry", "init", "--registry", "s.db").status == 0)
        let command = [
            "sensitivity", "f16.gguf", "--text", sampleText, "--context", "64", "--chunks", "2", "--type", "q2_k",
            "--tensor", "blk.[01].ffn", "--quiet",
        ]
        let result = try program.run(command + ["--json", "--heat-map", "map.svg", "--registry", "s.db"])
        #expect(result.status == 0 && result.errors == "", "\(result.errors)")
        let measured = try #require(try result.json()["result"] as? [String: Any])
        let tensors = try #require(measured["tensors"] as? [[String: Any]])
        #expect(tensors.count == 4 && tensors.allSatisfy { ($0["kld"] as? Double ?? 0) > 0 })
        let map = try String(contentsOfFile: run.folder.path.appending("map.svg").string, encoding: .utf8)
        #expect(map.hasPrefix("<svg") && map.contains("ffn_down"))
        let table = try program.run(command)
        #expect(table.output.contains("layer") && table.output.contains("Q2_K"))
        let stored = try program("sensitivity", "f16.gguf", "--stored", "--registry", "s.db", "--json")
        #expect(try stored.json()["result"] as? NSDictionary == measured as NSDictionary)
        #expect(try program("registry", "verify", "--registry", "s.db").status == 0)
        expect(try program.run(command + ["--tensor", "("]), 64, naming: "regular expression")
        expect(try program.run(command.map { $0 == "q2_k" ? "q9" : $0 }), 64, naming: "'q9'")
        expect(try program.run(command.map { $0 == "blk.[01].ffn" ? "none" : $0 }), 3, naming: "No tensor is left")
    }

    @Test func badInputsAreNamed() throws {
        let short = try run.folder.write(Array("too short".utf8), to: "short.txt").string
        let binary = try run.folder.write([0x61, 0x0a, 0xff, 0xfe], to: "binary.txt").string
        for command in [["perplexity", "f16.gguf"], ["imatrix", "f16.gguf", "-o", "bad.gguf"]] {
            expect(try program.run(command + ["--text", short]), 3, naming: "short.txt: The text has")
            expect(
                try program.run(command + ["--text", binary]),
                3,
                naming: "binary.txt: Line 2 of the text is not valid"
            )
            expect(try program.run(command + ["--text", "none.txt"]), 3, naming: "none.txt")
        }
        expect(try program("imatrix", "--merge", "f16.gguf", "-o", "bad.gguf"), 3, naming: "it is a model")
        expect(try program("imatrix", "--show", short), 3, naming: "short.txt")
        expect(try program("imatrix", "f16.gguf", "--text", sampleText, "-o", "f16.gguf"), 64, naming: "f16.gguf")
        #expect(try run.folder.names.contains { $0.hasPrefix("bad.gguf") } == false)
    }

    @Test(arguments: [
        ["imatrix"], ["imatrix", "f16.gguf", "-o", "x"], ["imatrix", "f16.gguf", "--text", "t"],
        ["imatrix", "--show", "x", "-o", "y"], ["imatrix", "f16.gguf", "--text", "t", "-o", "x", "--chunks", "0"],
        ["imatrix", "--merge", "x"], ["perplexity", "f16.gguf"],
        ["perplexity", "f16.gguf", "--text", "t", "--base", "a", "--base-logits", "b"], ["accuracy", "f16.gguf"],
        ["sensitivity", "f16.gguf"], ["sensitivity", "f16.gguf", "--text", "t", "--build", "a", "--type", "q4_0"],
        ["sensitivity", "f16.gguf", "--stored"],
        ["sensitivity", "f16.gguf", "--stored", "--registry", "r", "--type", "q4_0"],
        ["imatrix", "--show", "x", "--no-ppl"], ["imatrix", "--merge", "x", "-o", "y", "--chunks", "1"],
        ["perplexity", "f16.gguf", "--base-logits", "b", "--context", "64"],
        ["quantize", "f16.gguf", "-o", "q.gguf", "--type", "q4_0", "--include-weights", "ffn"],
        ["quantize", "f16.gguf", "-o", "q.gguf"], ["quantize", "f16.gguf", "-o", "q.gguf", "--size", "1GB"],
        ["quantize", "f16.gguf", "-o", "q.gguf", "--type", "q4_0", "--size", "1GB", "--text", "t"],
        ["quantize", "f16.gguf", "-o", "q.gguf", "--bpw", "4", "--size", "1GB", "--text", "t"],
        ["quantize", "f16.gguf", "-o", "q.gguf", "--bpw", "0", "--text", "t"],
        ["quantize", "f16.gguf", "-o", "q.gguf", "--bpw", "4", "--text", "t", "--ladder", "q4_k_m"],
        ["quantize", "f16.gguf", "-o", "q.gguf", "--bpw", "4", "--text", "t", "--pure"],
        ["quantize", "f16.gguf", "-o", "q.gguf", "--bpw", "4", "--text", "t", "--tokens-per-second", "9"],
        ["quantize", "f16.gguf", "-o", "q.gguf", "--type", "q4_0", "--text", "t"],
        ["quantize", "f16.gguf", "-o", "q.gguf", "--type", "q4_0", "--costs", "folder"],
        ["frontier", "f16.gguf", "--from", "6", "--to", "3", "--text", "t"],
        ["frontier", "f16.gguf", "--from", "3", "--to", "6", "--text", "t", "--steps", "0"],
        ["generate", "f16.gguf", "--prompt", "a", "--greedy", "--seed", "1"],
        ["registry", "import", "folder", "--license", "mit"],
    ])
    func wrongUsageIsSixtyFour(_ arguments: [String]) throws {
        let result = try program.run(arguments)
        #expect(result.status == 64 && result.output == "", "\(result.errors)")
    }
}
