import BinaryIO
import Foundation
import SystemPackage
import TestSupport
import Testing

/// Locks and rebuilds as commands, with their exit statuses.
@Suite struct LockCommandTests {
    private let program: Program

    init() throws {
        let folder = try ScratchFolder()
        var pipeline = TinyPipeline()
        pipeline.types = "q8_0"
        try folder.write(try Data(contentsOf: URL(fileURLWithPath: sampleText)), to: "sample.txt")
        pipeline.text = "sample.txt"
        try folder.write(pipeline.yaml, to: "tiny.yaml")
        program = Program(folder: folder)
    }

    @Test func aLockedRunDoesTheSameAgainOrRefuses() throws {
        let missing = try program("run", "tiny.yaml", "--locked")
        #expect(missing.status == 3 && missing.errors.contains("there is no edgepipe.lock"), "\(missing)")
        let locked = try program("lock", "tiny.yaml")
        #expect(locked.status == 0 && locked.output.contains("edgepipe.lock: tiny written"), "\(locked)")
        #expect(try program("run", "tiny.yaml", "--locked").status == 0)
        #expect(try program("run", "tiny.yaml").errors.contains("edgepipe.lock is up to date with this run"))
        #expect(try program("lock", "tiny.yaml", "--json").json()["known"] as? Int == 2)
        #expect(try program("run", "tiny.yaml", "--locked", "--dry-run").status == 0)

        try program.folder.write("Another text, of other words.", to: "sample.txt")
        for more in [[], ["--dry-run"]] {
            let refused = try program.run(["run", "tiny.yaml", "--locked"] + more)
            #expect(refused.status == 3, "\(refused)")
            #expect(refused.errors.contains("tiny.yaml is not what edgepipe.lock says:"))
            #expect(refused.errors.contains("  file sample.txt: "))
            #expect(refused.errors.contains("`edgepipe lock tiny.yaml`"))
        }
        try program.folder.write(try Data(contentsOf: URL(fileURLWithPath: sampleText)), to: "sample.txt")

        let path = program.folder.appending("edgepipe.lock")
        var lines = String(decoding: try readFile(path, limit: 1 << 20), as: UTF8.self).components(separatedBy: "\n")
        let index = try #require(lines.firstIndex { $0.contains("q8_0.gguf: sha256:") })
        lines[index] = "          q8_0.gguf: sha256:\(String(repeating: "0", count: 64))"
        try program.folder.write(lines.joined(separator: "\n"), to: "edgepipe.lock")
        let other = try program("run", "tiny.yaml", "--locked", "--registry", "other.db")
        #expect(other.status == 1 && other.errors.contains("step 'builds[q8_0]' made 'q8_0.gguf'"), "\(other)")
        #expect(other.errors.contains("use `edgepipe run` once"))

        try program.folder.write("format: 1\n", to: "edgepipe.lock")
        for arguments in [
            ["run", "tiny.yaml"], ["run", "tiny.yaml", "--locked"], ["lock", "tiny.yaml"], ["plan", "tiny.yaml"],
        ] {
            let damaged = try program.run(arguments)
            #expect(damaged.status == 3 && damaged.errors.contains("edgepipe.lock:1:1: "), "\(arguments): \(damaged)")
        }
    }

    @Test func optionsThatDoNotGoTogetherAreRefused() throws {
        for more in [
            ["--lock", "--locked"], ["--lock", "--smoke"], ["--locked", "--smoke"], ["--lock", "--dry-run"],
        ] {
            #expect(try program.run(["run", "tiny.yaml"] + more).status == 64)
        }
        #expect(try program("verify", "tiny@1.0.0").status == 64)
        #expect(try program("verify", "--rebuild", "tiny@1.0.0", "--set", "version=1.0.1").status == 64)
    }

    @Test func aRebuildSaysWhetherEveryBuildIsTheSame() throws {
        #expect(try program("run", "tiny.yaml", "--quiet").status == 0)
        let same = try program("verify", "--rebuild", "tiny@1.0.0")
        #expect(same.status == 0 && same.output.contains("every build has the bytes that were published"), "\(same)")
        let report = try program("verify", "--rebuild", "tiny@1.0.0", "--json", "--quiet").json()
        let build = try #require((report["builds"] as? [[String: Any]])?.first)
        #expect(build["isSame"] as? Bool == true && build["recorded"] as? String == build["rebuilt"] as? String)
        var pipeline = TinyPipeline()
        (pipeline.types, pipeline.text, pipeline.rule) = ("q8_0", "sample.txt", "leave-output-tensor: true")
        try program.folder.write(pipeline.yaml, to: "other.yaml")
        let other = try program("verify", "--rebuild", "tiny@1.0.0", "--pipeline", "other.yaml")
        #expect(other.status == 2 && other.output.contains("DIFFERENT"), "\(other)")
        pipeline.source = "nowhere"
        try program.folder.write(pipeline.yaml, to: "away.yaml")
        let away = try program("verify", "--rebuild", "tiny@1.0.0", "--pipeline", "away.yaml")
        #expect(away.status == 3 && away.errors.contains("tiny@1.0.0 was made of "), "\(away)")
    }

    /// A model of the Hub is read at the commit of the lock, and the Hub is not asked for a newer one.
    @Test func aRepositoryStaysAtItsCommit() throws {
        let folder = URL(fileURLWithPath: tinyFolder)
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).map { name in
            SmallHub.File(
                name,
                try Data(contentsOf: folder.appending(path: name)),
                isLarge: name.hasSuffix(".safetensors")
            )
        }
        let hub = try SmallHub(files, as: "acme/tiny-phi3")
        var program = program
        program.environment = [
            "HF_ENDPOINT": hub.endpoint, "HF_HOME": program.folder.appending("home").string, "HF_HUB_OFFLINE": "",
            "HF_HUB_CACHE": "",
        ]
        var pipeline = TinyPipeline()
        (pipeline.source, pipeline.types, pipeline.text) = ("hf://acme/tiny-phi3", "q8_0", "sample.txt")
        try program.folder.write(pipeline.yaml, to: "hub.yaml")
        #expect(try program("lock", "hub.yaml").status == 0)
        let path = program.folder.appending("edgepipe.lock")
        let lock = String(decoding: try readFile(path, limit: 1 << 20), as: UTF8.self)
        #expect(
            lock.contains("revision: \"\(SmallHub.commit)\"") && lock.contains("model.safetensors: sha256:"),
            "\(lock)"
        )
        let asked = hub.requests.count
        for arguments in [["--locked"], []] {
            #expect(try program.run(["run", "hub.yaml", "--quiet"] + arguments).status == 0)
        }
        #expect(hub.requests.count == asked, "the Hub is not asked")
        let offline = try program("verify", "--rebuild", "tiny@1.0.0", "--offline")
        #expect(offline.status == 0, "\(offline)")
        // Another commit is another source.
        let other = String(repeating: "f", count: 40)
        try program.folder.write(lock.replacing(SmallHub.commit, with: other), to: "edgepipe.lock")
        let away = try program("run", "hub.yaml", "--locked", "--offline")
        #expect(away.status == 3 && away.errors.contains(other), "\(away)")
        try FileManager.default.removeItem(atPath: program.folder.appending("home").string)
        let gone = try program("verify", "--rebuild", "tiny@1.0.0", "--offline")
        #expect(gone.status == 3 && gone.errors.contains("not in the local Hugging Face cache"), "\(gone)")
    }
}
