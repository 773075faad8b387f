import BinaryIO
import Foundation
import SystemPackage
import TestSupport
import Testing

/// What `edgepipe quantize` makes of its options, and what it says of the outcome.
@Suite(.sharedRun) struct QuantizeCommandTests {
    private let run: FinishedRun
    private let folder: ScratchFolder
    private let program: Program

    init() throws {
        run = try #require(SharedRun.current)
        folder = try ScratchFolder()
        program = Program(folder: folder)
        for (name, source) in [
            ("f16.gguf", run.folder.appending("f16.gguf")),
            ("imatrix.gguf", Goldens.tinyPhi3.appending("imatrix.gguf")),
        ] {
            try FileManager.default.copyItem(atPath: source.string, toPath: folder.appending(name).string)
        }
    }

    private func digest(_ name: String) throws -> String { "\(try SHA256Digest(ofFile: folder.appending(name)))" }

    @Test(arguments: ["q4_k_m", "iq2_xxs", "iq4_xs", "tq1_0"])
    func withAMatrixTheFileIsLlamas(_ type: String) throws {
        let result = try program("quantize", "f16.gguf", "-o", "out.gguf", "--type", type, "--imatrix", "imatrix.gguf")
        #expect(result.status == 0, "\(result.errors)")
        let types = try golden("quantized.json", as: [String: [String: [String: Any]]].self)
        #expect(try digest("out.gguf") == types[type.uppercased()]?["imatrix"]?["file_sha256"] as? String)
    }

    @Test func theReportHasWhatEachTensorLost() throws {
        let arguments = ["quantize", "f16.gguf", "-o", "out.gguf", "--type", "q4_0", "--imatrix", "imatrix.gguf"]
        let report = try program.run(arguments + ["--json", "--quiet"]).json()
        let whole = try #require(report["relativeError"] as? Double)
        #expect((0.01...0.2).contains(whole))
        for tensor in try #require(report["tensors"] as? [[String: Any]]) {
            let error = tensor["relativeError"] as? Double
            #expect((tensor["from"] == nil) == (error == nil))
            #expect(error.map { (0.001...0.2).contains($0) } ?? true, "\(tensor)")
            let isLayer = (tensor["name"] as? String)?.hasPrefix("blk.") == true && error != nil
            #expect((tensor["weightedError"] is Double) == isLayer)
        }
        let text = try program.run(arguments)
        #expect(text.output.contains("error %") && text.output.contains("weighted %"))
        #expect(text.output.contains("bits a weight, error "))
        let unmeasured = try program.run(arguments + ["--no-errors", "--json"]).json()
        #expect(unmeasured["relativeError"] == nil)
    }

    @Test func quantizingAgainIsRefusedAndThenWarnedOf() throws {
        #expect(try program("quantize", "f16.gguf", "-o", "q8.gguf", "--type", "q8_0").errors == "")
        let again = ["quantize", "q8.gguf", "-o", "q4.gguf", "--type", "q4_0"]
        expect(try program.run(again), 3, naming: "q8.gguf")
        let allowed = try program.run(again + ["--allow-requantize"])
        #expect(allowed.status == 0 && allowed.errors.contains("adds the errors of both"))
        #expect(try program.run(again + ["--allow-requantize", "--quiet"]).errors == "")
        let first = ["quantize", "f16.gguf", "-o", "q4.gguf", "--type", "q4_0", "--allow-requantize"]
        #expect(try program.run(first).errors == "", "nothing was quantized before")
    }

    @Test func withoutAMatrixTheSmallTypesAreSizesOnly() throws {
        let dry = try program("quantize", "f16.gguf", "--type", "iq1_s", "--dry-run", "--json")
        #expect(dry.status == 0 && dry.errors.contains("Make one with edgepipe imatrix"))
        #expect(try #require(dry.json()["bitsPerWeight"] as? Double) < 4)
        let real = try program("quantize", "f16.gguf", "-o", "out.gguf", "--type", "iq1_s")
        expect(real, 3, naming: "f16.gguf")
        #expect(real.errors.contains("Make one with edgepipe imatrix"))
        #expect(fileIdentity(folder.appending("out.gguf")) == nil)
    }

    @Test(arguments: [
        ["--include-weights", "a", "--exclude-weights", "b"], ["--override-kv", "a=1"], ["--prune-layers", "1,x"],
        ["--tensor-type", "q8_0"], ["--tensor-type", "=q8_0"], ["--tensor-type", "ffn=q9"], ["--rounding", "up"],
    ])
    func optionsThatMeanNothingAreWrongUsage(_ options: [String]) throws {
        let arguments = ["quantize", "f16.gguf", "-o", "out.gguf", "--type", "q4_0"] + options
        let result = try program.run(arguments)
        #expect(result.status == 64, "\(result.errors)")
        #expect(fileIdentity(folder.appending("out.gguf")) == nil)
    }

    @Test func aMatrixWithoutAnyEntryLeftIsNone() throws {
        let arguments = ["quantize", "f16.gguf", "-o", "out.gguf", "--type", "q4_k_m", "--imatrix", "imatrix.gguf"]
        let result = try program.run(arguments + ["--include-weights", "nothing"])
        #expect(result.status == 0 && result.errors.contains("No entry of the importance matrix is left"))
        #expect(try digest("out.gguf") == quantizedGolden("Q4_K_M"))
    }

    @Test func rulesMayStandInAFile() throws {
        try folder.write("ffn_down=q6_k\n\n attn_qkv=q8_0 ", to: "rules.txt")
        let report = try program(
            "quantize",
            "f16.gguf",
            "--type",
            "q4_0",
            "--dry-run",
            "--json",
            "--tensor-type-file",
            "rules.txt"
        ).json()
        let tensors = try #require(report["tensors"] as? [[String: Any]])
        let types = Dictionary(
            uniqueKeysWithValues: tensors.map { ($0["name"] as? String ?? "", $0["type"] as? String ?? "") }
        )
        #expect(types["blk.0.ffn_down.weight"] == "Q6_K" && types["blk.1.attn_qkv.weight"] == "Q8_0")
        #expect(types["blk.0.ffn_up.weight"] == "Q4_0")
    }

    @Test func filesAreJoinedByCopying() throws {
        try SplitModel.write(folder.appending("f16.gguf"), to: folder.appending("part"), count: 3)
        let first = "part-00001-of-00003.gguf"
        let kept = try program("quantize", first, "-o", "kept.gguf", "--type", "q4_k_m", "--keep-split", "--json")
        #expect((try kept.json()["outputs"] as? [String])?.count == 3)
        let joined = try program("quantize", first, "-o", "joined.gguf", "--type", "copy")
        #expect(joined.status == 0, "\(joined.errors)")
        let again = try program("quantize", "joined.gguf", "-o", "q4.gguf", "--type", "q4_k_m")
        #expect(again.status == 0)
        #expect(try digest("q4.gguf") == quantizedGolden("Q4_K_M"))
        let into = try program("quantize", first, "-o", "part-00002-of-00003.gguf", "--type", "q4_0")
        expect(into, 3, naming: "part-00002-of-00003.gguf")
    }

    @Test(.enabled(if: SmallDisk.isAvailable, Comment(rawValue: SmallDisk.need)))
    func aDiskThatIsFullBeforeTheLastFileHoldsNone() throws {
        try SplitModel.write(folder.appending("f16.gguf"), to: folder.appending("part"), count: 3)
        let disk = try SmallDisk(bytes: 4 << 20)
        try disk.fill(leaving: 1_500_000)
        let path = disk.folder.appending("out.gguf").string
        let result = try program(
            "quantize",
            "part-00001-of-00003.gguf",
            "-o",
            path,
            "--type",
            "q8_0",
            "--keep-split",
            "--quiet"
        )
        #expect(result.status == 1 && result.errors.lowercased().contains("free some"), "\(result.errors)")
        #expect(try disk.folder.names == ["filler"])
    }

    /// The command is right, and a file is not: its line is named.
    @Test(arguments: ["ffn_down=q6_k\n\nattn=bogus\n", "ffn_down=q6_k\n\nattn\n"])
    func aWrongRuleInAFileIsBadInputAtItsLine(_ rules: String) throws {
        let program = Program(folder: try ScratchFolder())
        try program("convert", tinyFolder, "-o", "f16.gguf", "--type", "f16", "--quiet")
        try program.folder.write(rules, to: "rules.txt")
        let result = try program(
            "quantize",
            "f16.gguf",
            "-o",
            "out.gguf",
            "--type",
            "q4_0",
            "--tensor-type-file",
            "rules.txt"
        )
        #expect(result.status == 3 && result.errors.contains("rules.txt:3: "), "\(result)")
        #expect(FileStatus(program.folder.appending("out.gguf")) == nil)
    }
}
