import BinaryIO
import Foundation
import SystemPackage
import TestSupport
import Testing

/// Commands that read a registry.
@Suite(.sharedRun) struct RegistryCommandsTests {
    private let run: FinishedRun
    private var program: Program { run.program }

    init() throws { run = try #require(SharedRun.current) }

    @Test func aQueryHasTheKeysOfTheContract() throws {
        let answer = try program("query", "--ram", "3GB", "--platform", "android", "--json")
        #expect(answer.status == 0 && answer.errors == "")
        let json = try answer.json()
        #expect(Set(json.keys) == ["best", "alternatives", "refused"])
        let best = try #require(json["best"] as? [String: Any])
        let others = try #require(json["alternatives"] as? [[String: Any]])
        for build in [best] + others { #expect(Set(build.keys).isSuperset(of: buildKeys), "\(build.keys)") }
        #expect(best["build"] as? String == "tiny@1.0.0:q8_0", "the better of two that fit")
        #expect(others.map { $0["build"] as? String } == ["tiny@1.0.0:q4_k_m"])
        for key in buildKeys.subtracting(["build", "model", "version", "type", "sha256", "estimate"]) {
            #expect(best[key] is NSNumber, "\(key)")
        }
        #expect((best["estimate"] as? [String: Any])?["platform"] as? String == "android")
    }

    @Test func aQueryWithoutATargetKeepsItsKeys() throws {
        let best = try #require(try program("query", "--json").json()["best"] as? [String: Any])
        #expect(Set(best.keys).isSuperset(of: buildKeys))
        #expect(best["peakMemoryBytes"] is NSNull && best["estimate"] is NSNull)
    }

    @Test func nothingThatMatchesIsNullWithReasonsAndAnExitCode() throws {
        let answer = try program("query", "--max-size", "1MB", "--json")
        #expect(answer.status == 4)
        let json = try answer.json()
        #expect(json["best"] is NSNull)
        let refused = try #require(json["refused"] as? [[String: Any]])
        #expect(refused.count == 2)
        for entry in refused {
            #expect(Set(entry.keys) == ["build", "reasons"])
            #expect((entry["reasons"] as? [String])?.first?.hasSuffix("over 1.0 MB") == true)
        }
        #expect(answer.errors.hasPrefix("edgepipe: no build matches"))
    }

    @Test func aQueryIsATableAMarkdownListOrCSV() throws {
        let table = try program("query").output
        #expect(table.hasPrefix("Best: tiny@1.0.0:q8_0\n\nbuild  "))
        let markdown = try program("query", "--format", "markdown").output
        #expect(markdown.contains("| build | size |") && markdown.contains("| tiny@1.0.0:q4_k_m | "))
        let csv = try program("query", "--format", "csv").lines
        #expect(csv.count == 3)
        #expect(csv[0].hasPrefix("build,size,") && csv[1].hasPrefix("tiny@1.0.0:q8_0,"))
        let jsonl = try program("query", "--format", "jsonl").lines
        #expect(jsonl.count == 1)
    }

    @Test(arguments: [("q8_0", "Q8_0"), ("q4_k_m", "Q4_K_M")])
    func aPulledFileIsWhatLlamaQuantizeMakes(_ type: String, _ name: String) throws {
        let pulled = try program("pull", "tiny:\(type)", "-o", "\(type).gguf", "--json", "--quiet")
        #expect(pulled.status == 0 && pulled.errors == "")
        let digest = "\(try SHA256Digest(ofFile: run.folder.appending("\(type).gguf")))"
        #expect(try pulled.json()["sha256"] as? String == digest)
        let listed = try program("registry", "list", "--json").json([[String: Any]].self)
        #expect(listed.contains { $0["digest"] as? String == digest })
        #expect(digest == (try quantizedGolden(name)))
    }

    @Test func aBuildShowsItsMeasurementsFitsAndLineage() throws {
        let shown = try program("registry", "show", "tiny:q4_k_m", "--json").json()
        #expect(Set(shown.keys) == ["build", "measurements", "tensorErrors", "recipes", "fits", "lineage"])
        let metrics = (shown["measurements"] as? [[String: Any]])?.compactMap { $0["metric"] as? String }
        #expect(Set(metrics ?? []).isSuperset(of: ["perplexity", "bitsPerByte", "meanKLD"]))
        #expect((shown["fits"] as? [Any])?.count == 2)
        #expect((shown["lineage"] as? [Any])?.count == 2, "from the checkpoint over F16 to the build")
    }

    @Test func aRegistryThatWasReadWholeIsSound() throws {
        let verified = try program("registry", "verify", "--read-data", "--json", "--quiet")
        #expect(verified.status == 0 && verified.errors == "")
        let report = try verified.json()
        #expect((report["damages"] as? [Any])?.isEmpty == true)
        #expect((report["leftovers"] as? [Any])?.isEmpty == true)
        #expect(report["checkedObjects"] as? Int == 2)
    }

    @Test func theEnvironmentNamesTheRegistry() throws {
        let elsewhere = try ScratchFolder()
        var program = Program(folder: elsewhere)
        #expect(try program("registry", "list").status == 1)
        program.environment = ["EDGEPIPE_REGISTRY": run.folder.appending("registry.db").string]
        #expect(try program("registry", "list", "--format", "csv").lines.count == 3)
    }

    @Test func doctorReportsTheRegistryAndTheMachine() throws {
        let report = try program("doctor", "--json").json()
        let topics = (report["lines"] as? [[String: Any]])?.compactMap { $0["topic"] as? String } ?? []
        #expect(Set(topics).isSuperset(of: ["system", "memory", "kernels", "devices", "registry"]))
        let registry = try #require(
            (report["lines"] as? [[String: Any]])?.first { $0["topic"] as? String == "registry" }
        )
        #expect(registry["finding"] as? String == "registry.db: sound, 2 builds, 0 leftovers")
    }
}
