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

/// Costs of tensors that are predicted from Fisher factors.
@Suite(.sharedRun) struct FisherCommandTests {
    private let run: FinishedRun
    private var program: Program { run.program }
    private let command = ["sensitivity", "f16.gguf", "--text", calibrationText, "--method", "fisher"]

    init() throws { run = try #require(SharedRun.current) }

    private func digest(_ name: String) throws -> String { "\(try SHA256Digest(ofFile: run.folder.appending(name)))" }

    @Test func costsArePredictedDrawnAndKept() throws {
        let options = ["--context", "64", "--chunks", "4", "--type", "q3_k_s"]
        let arguments = command + options
        let result = try program.run(arguments + ["--json", "--heat-map", "fisher.svg", "-o", "fisher.gguf"])
        #expect(result.status == 0 && result.errors.contains("token_embd.weight"), "\(result.errors)")
        let predicted = try #require(try result.json()["result"] as? [String: Any])
        let tensors = try #require(predicted["tensors"] as? [[String: Any]])
        #expect(predicted["tokens"] as? Int == 256 && predicted["seed"] as? Int == 0)
        #expect(tensors.count == 17 && tensors.allSatisfy { ($0["kld"] as? Double ?? 0) > 0 })
        #expect(Set(tensors.compactMap { $0["type"] as? String }) == ["Q3_K"])
        let map = try String(contentsOfFile: run.folder.path.appending("fisher.svg").string, encoding: .utf8)
        #expect(map.hasPrefix("<svg") && map.contains("ffn_down"))
        let table = try program.run(arguments + ["--tensor", "ffn"])
        #expect(table.output.contains("layer") && table.output.contains("predicted by Fisher factors"))
        #expect(try program.run(arguments + ["--format", "csv"]).output.hasPrefix("tensor,type,bytes,KL divergence"))
        let first = try digest("fisher.gguf")
        #expect(try program.run(arguments + ["-o", "same.gguf", "--threads", "1"]).status == 0)
        #expect(try digest("same.gguf") == first)
        #expect(try program.run(arguments + ["-o", "other.gguf", "--seed", "1"]).status == 0)
        #expect(try digest("other.gguf") != first)
    }

    @Test func aRunThatWasCutResumesAndHasTheSameBytes() throws {
        let arguments = command + ["--chunks", "40", "--context", "256", "--tensor", "blk.0.ffn_up", "-o"]
        #expect(try program.run(arguments + ["whole-factors.gguf", "--quiet"]).status == 0)
        let running = try program.start(arguments + ["cut-factors.gguf", "--threads", "1"])
        usleep(900_000)
        running.signal(SIGINT)
        let cut = try running.wait()
        #expect(cut.status == 130 && cut.errors.contains("the same command goes on from here"), "\(cut.errors)")
        #expect(try run.folder.names.contains("cut-factors.gguf") == false)
        let rest = try program.run(arguments + ["cut-factors.gguf", "--json"])
        #expect(rest.status == 0 && rest.errors.contains("Resuming after"), "\(rest.errors)")
        #expect(try #require(try rest.json()["resumedAfter"] as? Int) > 0)
        #expect(try digest("cut-factors.gguf") == digest("whole-factors.gguf"))
        #expect(try run.folder.names.contains("cut-factors.gguf.part") == false)
    }

    @Test func badInputsAreNamed() throws {
        let short = try run.folder.write(Array("too short".utf8), to: "short-fisher.txt").string
        let other = ["sensitivity", "f16.gguf", "--method", "fisher", "--text", short]
        expect(try program.run(other), 3, naming: "short-fisher.txt: The text has")
        expect(try program.run(command + ["--type", "q9"]), 64, naming: "'q9'")
        expect(try program.run(command + ["--tensor", "none"]), 3, naming: "No tensor is left")
        expect(try program.run(command + ["-o", "f16.gguf"]), 64, naming: "f16.gguf")
    }

    @Test(arguments: [
        ["--build", "a"], ["--imatrix", "a"], ["--registry", "a"], ["--stored", "--registry", "a"], ["--seed", "-1"],
        ["--method", "guessed"], ["--method", "measured", "-o", "x"], ["--method", "measured", "--seed", "1"],
        ["--chunks", "0"],
    ])
    func wrongUsageIsSixtyFour(_ options: [String]) throws {
        let result = try program.run(command + options)
        #expect(result.status == 64 && result.output == "", "\(result.errors)")
    }
}
