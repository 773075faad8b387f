import Foundation
import SystemPackage
import TestSupport
import Testing

/// The keys that cli.md promises of a build.
let buildKeys: Set<String> = [
    "build", "model", "version", "type", "sha256", "fileBytes", "peakMemoryBytes", "bitsPerByte", "perplexity", "kld",
    "decodeTokensPerSecond", "prefillTokensPerSecond", "batteryPercentPer1kTokens", "sustainedFactor", "estimate",
]

@Suite struct RunTests {
    @Test func theFirstRunWorksTheSecondFindsEverythingDone() throws {
        let folder = try ScratchFolder()
        let program = Program(folder: folder)
        try folder.write(TinyPipeline().yaml, to: "tiny.yaml")
        let first = try program("run", "tiny.yaml", "--json", "--quiet")
        #expect(first.status == 0)
        #expect(first.errors == "")
        let report = try first.json()
        #expect(Set(report.keys) == ["pipeline", "steps", "builds"])
        let steps = try #require(report["steps"] as? [[String: Any]])
        for step in steps { #expect(Set(step.keys).isSuperset(of: ["step", "status", "seconds", "outputs"])) }
        let made = steps.compactMap { $0["quantizations"] as? [[String: Any]] }.flatMap { $0 }
        #expect(made.map { $0["type"] as? String } == ["q8_0", "q4_k_m"])
        for build in made {
            #expect(build["bitsPerWeight"] is Double && build["relativeError"] is Double)
            #expect((build["errors"] as? [[String: Any]])?.isEmpty == false)
        }
        #expect(steps.map { $0["status"] as? String } == Array(repeating: "done", count: 5))
        let builds = try #require(report["builds"] as? [[String: Any]])
        for build in builds { #expect(Set(build.keys).isSuperset(of: buildKeys), "\(build.keys)") }
        #expect(builds.map { $0["sha256"] as? String } == [try quantizedGolden("Q8_0"), try quantizedGolden("Q4_K_M")])

        let before = try folder.listing().filter { $0.contains(".gguf") || $0.contains("objects") }
        let second = try program("run", "tiny.yaml", "--json")
        let again = try #require(try second.json()["steps"] as? [[String: Any]])
        #expect(again.map { $0["status"] as? String } == Array(repeating: "cached", count: 5))
        #expect(second.errors.contains("builds: nothing to do, cached"))
        #expect(try folder.listing().filter { $0.contains(".gguf") || $0.contains("objects") } == before)
    }

    @Test func runsAreListedNewestFirst() throws {
        let program = Program(folder: try ScratchFolder())
        try program.folder.write(TinyPipeline().yaml, to: "tiny.yaml")
        #expect(try program("run", "tiny.yaml", "--quiet").status == 0)
        #expect(try program("run", "tiny.yaml", "--only", "nothing").status == 64)
        var gated = TinyPipeline()
        gated.gates = "q8_0: { max-perplexity: 1 }"
        try program.folder.write(gated.yaml, to: "gated.yaml")
        #expect(try program("run", "gated.yaml", "--quiet").status == 2)
        let runs = try program("runs", "--json").json([[String: Any]].self)
        #expect(runs.map { $0["status"] as? String } == ["failed", "done"])
        #expect(runs.allSatisfy { $0["pipeline"] as? String == "tiny" && $0["finishedAt"] is String })
        #expect(try program("runs", "--pipeline", "other", "--json").json([Any].self).isEmpty)
        #expect(try program("runs", "--limit", "1").lines.count == 2)
    }

    @Test func aStreamHasOneEventALineAndEndsWithTheReport() throws {
        let folder = try ScratchFolder()
        try folder.write(TinyPipeline().yaml, to: "tiny.yaml")
        let run = try Program(folder: folder)("run", "tiny.yaml", "--format", "jsonl")
        #expect(run.status == 0)
        let objects = try run.lines.map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(line)")
        }
        #expect(objects.count > 15)
        let kinds = objects.dropLast().map { $0["event"] as? String ?? "none" }
        #expect(kinds.first == "runStarted" && objects[0]["format"] as? Int == 1)
        #expect(Set(kinds.dropFirst()) == ["stepStarted", "progress", "stepFinished"])
        #expect(Set(objects.last?.keys.map { $0 } ?? []) == ["pipeline", "steps", "builds"])
        #expect(run.errors.contains("quality: validate"), "messages go to the other stream")
    }

    @Test func aDryRunAndAPlanSayTheSameAndWriteNothing() throws {
        let folder = try ScratchFolder()
        let program = Program(folder: folder)
        try folder.write(TinyPipeline().yaml, to: "tiny.yaml")
        func files() throws -> [String] { try folder.listing().filter { !$0.hasPrefix(".streams") } }
        let before = try files()
        let plan = try program("plan", "tiny.yaml", "--json").json()
        let dry = try program("run", "tiny.yaml", "--dry-run", "--json").json()
        #expect(try files() == before)
        #expect(Set(plan.keys) == Set(dry.keys))
        #expect(
            (plan["steps"] as? [[String: Any]])?.map { $0["action"] as? String } == Array(repeating: "run", count: 5)
        )
        #expect(try program("validate", "tiny.yaml").output == "tiny.yaml: tiny 1.0.0, 5 steps, no errors\n")
    }

    @Test func overridesReachTheRun() throws {
        let folder = try ScratchFolder()
        try folder.write(TinyPipeline().yaml, to: "tiny.yaml")
        let run = try Program(folder: folder)(
            "run",
            "tiny.yaml",
            "--set",
            "version=2.0.0",
            "--set",
            "builds.types=[q4_0]",
            "--registry",
            "other.db",
            "--json",
            "--quiet"
        )
        let builds = try #require(try run.json()["builds"] as? [[String: Any]])
        #expect(builds.map { $0["build"] as? String } == ["tiny@2.0.0:q4_0"])
        #expect(FileManager.default.fileExists(atPath: folder.appending("other.db").string))
        #expect(FileManager.default.fileExists(atPath: folder.appending("registry.db").string) == false)
    }
}
