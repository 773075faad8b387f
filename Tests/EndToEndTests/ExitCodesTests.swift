import Foundation
import SystemPackage
import TestSupport
import Testing

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// The exit codes of cli.md, each with what leads to it and the one message it comes with.
@Suite(.sharedRun) struct ExitCodesTests {
    private let run: FinishedRun
    private var program: Program { run.program }

    init() throws { run = try #require(SharedRun.current) }

    @Test func aGateThatIsNotMetIsTwoAndPublishesNothing() throws {
        let folder = try ScratchFolder()
        var pipeline = TinyPipeline()
        pipeline.gates = "q4_k_m: { max-perplexity: 2 }"
        try folder.write(pipeline.yaml, to: "tiny.yaml")
        let result = try Program(folder: folder)("run", "tiny.yaml", "--json", "--quiet")
        #expect(result.status == 2)
        #expect(result.errors.hasPrefix("edgepipe: gate not met: q4_k_m: perplexity is "))
        let steps = try #require(try result.json()["steps"] as? [[String: Any]])
        #expect(steps.map { $0["status"] as? String } == ["done", "done", "failed", "done", "skipped"])
        #expect(try Program(folder: folder)("registry", "list", "--json").json([Any].self).isEmpty)
    }

    @Test func aBadModelIsThree() throws {
        try run.folder.write("GGUF is not what this is", to: "bad.gguf")
        let whole = try Data(contentsOf: URL(fileURLWithPath: run.folder.appending("f16.gguf").string))
        try run.folder.write(whole.prefix(whole.count - 1), to: "short.gguf")
        for file in ["bad.gguf", "short.gguf", "missing.gguf"] {
            for arguments in [
                ["inspect", file], ["quantize", file, "--type", "q4_0", "--dry-run"], ["fit", file],
                ["generate", file, "--prompt", "a"], ["perplexity", file, "--text", sampleText],
            ] {
                expect(try program.run(arguments), 3, naming: file)
            }
        }
    }

    @Test func aMissingShardIsThreeAndNamed() throws {
        let folder = try ScratchFolder()
        for name in ["config.json", "tokenizer.model", "tokenizer_config.json"] {
            try FileManager.default.copyItem(atPath: "\(tinyFolder)/\(name)", toPath: folder.appending(name).string)
        }
        let index = #"{"metadata":{},"weight_map":{"lm_head.weight":"model-00001-of-00002.safetensors"}}"#
        try folder.write(index, to: "model.safetensors.index.json")
        let result = try program("convert", folder.path.string, "-o", "sharded.gguf")
        expect(result, 3, naming: "model-00001-of-00002.safetensors")
        #expect(FileManager.default.fileExists(atPath: run.folder.appending("sharded.gguf").string) == false)
    }

    @Test func aBadPipelineIsThreeWithItsPlace() throws {
        try run.folder.write("pipeline: p\nsteps: [\n", to: "bad.yaml")
        for command in ["run", "plan", "validate"] {
            expect(try program(command, "bad.yaml"), 3, naming: "bad.yaml:3:1: this is not valid YAML")
        }
        expect(try program("validate", "missing.yaml"), 3, naming: "missing.yaml")
    }

    @Test func aTextThatIsTooShortIsThree() throws {
        try run.folder.write("too short", to: "short.txt")
        let direct = try program("perplexity", "f16.gguf", "--text", "short.txt")
        expect(direct, 3, naming: "short.txt: The text has 3 tokens, but 1024 are needed")
        let step = try program(
            "run",
            "tiny.yaml",
            "--set",
            "quality.text=short.txt",
            "--set",
            "version=3.0.0",
            "--quiet"
        )
        expect(step, 3, naming: "step 'quality'")
        expect(step, 3, naming: "short.txt: The text has 3 tokens")
    }

    @Test func nothingThatMatchesIsFour() throws {
        let result = try program("query", "--license", "none", "--format", "csv")
        expect(result, 4, naming: "no build matches")
    }

    /// An object that is removed, flipped or cut shows where its build is pulled and where the registry is verified.
    @Test(arguments: ["removed", "flipped", "truncated", "database"])
    func aDamagedRegistryIsFive(_ damage: String) throws {
        let copy = try run.copiedRegistry()
        let program = Program(folder: copy)
        if damage == "database" {
            // The first page stays whole, so that it still is a registry.
            let file = copy.appending("registry.db").string
            for suffix in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: file + suffix) }
            let size = try #require(try FileManager.default.attributesOfItem(atPath: file)[.size] as? Int)
            try #require(truncate(file, off_t(size / 2)) == 0)
            expect(try program("registry", "verify"), 5, naming: "registry.db")
            expect(try program("query"), 5, naming: "registry.db")
            return
        }
        let digest = try quantizedGolden("Q4_K_M")
        // The smallest pack is the one that only this build needs: it was published after the larger one.
        let packs = copy.path.pushing("registry.db.objects/packs").string
        let sizes = try FileManager.default.subpathsOfDirectory(atPath: packs).filter { $0.hasSuffix(".pack") }.map {
            (path: "\(packs)/\($0)", bytes: try Data(contentsOf: URL(fileURLWithPath: "\(packs)/\($0)")).count)
        }
        let object = try #require(sizes.min { $0.bytes < $1.bytes }).path
        var bytes = try Data(contentsOf: URL(fileURLWithPath: object))
        try FileManager.default.removeItem(atPath: object)
        if damage != "removed" {
            if damage == "flipped" { bytes[bytes.count / 2] ^= 1 } else { bytes.removeLast(1000) }
            try bytes.write(to: URL(fileURLWithPath: object))
        }
        let pulled = try program("pull", "tiny:q4_k_m", "-o", "out.gguf", "--quiet")
        expect(pulled, 5, naming: String(digest.prefix(12)))
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: copy.path.string).allSatisfy { !$0.contains("out.") }
        )
        let verified = try program("registry", "verify", "--read-data", "--json", "--quiet")
        #expect(verified.status == 5)
        #expect((try verified.json()["damages"] as? [Any])?.count == 1)
        #expect(try program("pull", "tiny:q8_0", "-o", "out.gguf", "--quiet").status == 0, "the other build is whole")
    }

    @Test(arguments: [
        ["nonsense"], ["run"], ["run", "tiny.yaml", "--from", "f16", "--only", "fit"],
        ["run", "tiny.yaml", "--jobs", "0"],
        ["run", "tiny.yaml", "--only", "nothing"], ["query", "--ram", "3G", "--platform", "ios"],
        ["query", "--min-speed", "-5"], ["query", "--max-battery", "nan"], ["query", "--min-sustained-speed", "inf"],
        ["query", "--tag", ""], ["query", "--os", "17", "--ram", "3GB", "--platform", "ios"],
        ["query", "--ram", "3GB"],
        ["query", "--device", "pixle-8"], ["quantize", "f16.gguf", "--type", "q9"],
        ["quantize", "f16.gguf", "--type", "q4_0"],
        ["convert", tinyFolder, "-o", "x.gguf", "--type", "q4"], ["devices", "show", "nothing"],
        ["perplexity", "f16.gguf", "--text", "t", "--chunks", "0"],
        ["generate", "f16.gguf", "--prompt", "a", "-n", "0"],
        ["fit", "f16.gguf", "--context", "4096"], ["convert", tinyFolder, "-o", "x.gguf", "--threads", "0"],
    ])
    func wrongUsageIsSixtyFour(_ arguments: [String]) throws {
        let result = try program.run(arguments)
        #expect(result.status == 64, "\(result.errors)")
        #expect(result.errors.isEmpty == false && result.output == "")
    }

    @Test(arguments: [SIGINT, SIGTERM])
    func anInterruptedRunIsAHundredAndThirtyAndGoesOnFromThere(_ signal: Int32) throws {
        let folder = try ScratchFolder()
        var pipeline = TinyPipeline()
        (pipeline.context, pipeline.chunks) = (512, 40)
        try folder.write(pipeline.yaml, to: "tiny.yaml")
        let program = Program(folder: folder)
        let running = try program.start(["run", "tiny.yaml", "--format", "jsonl"])
        try running.waitFor(#""step":"quality""#)
        running.signal(signal)
        let result = try running.wait(limit: 20)
        #expect(result.status == 130)
        #expect(result.errors.hasSuffix("edgepipe: interrupted; the same command goes on from here.\n"))
        let next = try program("run", "tiny.yaml", "--set", "quality.chunks=1", "--json", "--quiet")
        let steps = try #require(try next.json()["steps"] as? [[String: Any]])
        // fit runs beside quality, and may have ended before the signal came.
        let others = steps.filter { $0["step"] as? String != "fit" }
        #expect(others.map { $0["status"] as? String } == ["cached", "cached", "done", "done"])
    }

    /// With this seed the model talks until its context is full, which takes seconds.
    @Test func anInterruptedGenerationIsAHundredAndThirty() throws {
        let running = try program.start(["generate", "f16.gguf", "--prompt", "Once", "-n", "100000", "--seed", "1"])
        try running.waitFor(" ")
        running.signal(SIGINT)
        let result = try running.wait(limit: 20)
        #expect(result.status == 130, "\(result.errors)")
        #expect(result.errors.hasPrefix("edgepipe: interrupted"))
        #expect(result.output.isEmpty == false, "what was written stays")
    }

    @Test func whatIsNotThereIsOne() throws {
        expect(try program("pull", "tiny:q2_k", "-o", "x.gguf"), 1, naming: "tiny@1.0.0:q8_0")
        expect(
            try program("registry", "list", "--registry", "none.db"),
            1,
            naming: "none.db: there is no registry here"
        )
    }
}

/// One message that names the culprit, the right code, nothing that looks like a result.
func expect(_ result: Program.Result, _ status: Int32, naming name: String, at place: SourceLocation = #_sourceLocation)
{
    #expect(result.status == status, "\(result.errors)", sourceLocation: place)
    #expect(result.errors.contains(name), "\(result.errors)", sourceLocation: place)
    #expect(result.errors.hasPrefix("edgepipe: "), "\(result.errors)", sourceLocation: place)
    #expect(result.errors.contains("Fatal error") == false, sourceLocation: place)
}
