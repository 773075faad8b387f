import Foundation
import SystemPackage
import TestSupport
import Testing

/// Commands that keep a registry in order: delete, repair, verify by samples, export to one file.
@Suite(.sharedRun) struct RegistryCareTests {
    private let run: FinishedRun
    private let folder: ScratchFolder
    private let program: Program

    init() throws {
        run = try #require(SharedRun.current)
        folder = try run.copiedRegistry()
        program = Program(folder: folder)
    }

    private func packs() throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: folder.path.string).filter { $0.hasSuffix(".pack") }
            .sorted()
    }

    @Test func aDeletedBuildIsGoneFromQueriesAndItsBytesCanBeCollected() throws {
        #expect(try program("pull", "tiny:q8_0", "-o", "old.gguf", "--quiet").status == 0)
        let copied = try program("registry", "import", "old.gguf", "--as", "other@1.0.0:q8_0", "--quiet")
        #expect(copied.status == 0)
        let other = try program("registry", "delete", "other@1.0.0:q8_0", "--why", "a test")
        #expect(other.output == "would delete other@1.0.0:q8_0\n1 builds; gc could then free 0 B\n")
        // The run's version is what its channel points to, until that points elsewhere.
        #expect(try program("registry", "promote", "tiny@2.0.0", "stable", "--why", "a test").status == 1)
        let newer = try program(
            "registry",
            "import",
            "old.gguf",
            "--as",
            "tiny@2.0.0:f16",
            "--channel",
            "candidate",
            "--quiet"
        )
        #expect(newer.status == 0)
        let said = try program("registry", "delete", "tiny@1.0.0:q4_k_m", "--why", "a test")
        #expect(said.status == 0 && said.output.hasPrefix("would delete tiny@1.0.0:q4_k_m\n"), "\(said.errors)")
        #expect(try program("registry", "list", "--format", "csv").lines.count == 5)
        let done = try program("registry", "delete", "tiny@1.0.0:q4_k_m", "--why", "a test", "--apply", "--json")
        #expect(done.status == 0)
        #expect(try done.json()["isDone"] as? Bool == true)
        #expect(try program("registry", "list", "--format", "csv").lines.count == 4)
        #expect(try program("query", "--format", "csv").lines.count == 4)
        #expect(try program("pull", "tiny@1.0.0:q4_k_m", "-o", "x.gguf").status == 1)
        #expect(try program("registry", "gc", "--remove", "--older-than", "0").status == 0)
        #expect(try program("registry", "verify", "--read-data").status == 0)
        #expect(try program("pull", "tiny@1.0.0:q8_0", "-o", "y.gguf").status == 0)
        #expect(try program("registry", "delete", "tiny", "--why", "no version").status == 64)
    }

    @Test func whatAChannelPointsToIsNotDeleted() throws {
        #expect(try program("registry", "promote", "tiny@1.0.0", "production", "--why", "a test").status == 0)
        let result = try program("registry", "delete", "tiny@1.0.0", "--why", "a test", "--apply")
        #expect(result.status == 1 && result.errors.contains("production"))
    }

    @Test func aDamagedRegistryIsRepairedFromAnExport() throws {
        #expect(try program("registry", "export", "-o", "all.tar", "--quiet").status == 0)
        #expect(try program("registry", "export", "-o", "all", "--quiet").status == 0)
        #expect(try program("registry", "repair").status == 0)
        for pack in try packs() {
            try FileManager.default.removeItem(atPath: folder.path.pushing(FilePath(pack)).string)
        }
        #expect(try program("registry", "verify").status == 5)
        let said = try program("registry", "repair", "--json", "--quiet")
        #expect(said.status == 5)
        #expect((try said.json()["lost"] as? [Any])?.count == 2)
        let copy = try program("registry", "repair", "--from", "all", "--quiet")
        #expect(copy.status == 5 && copy.output.contains("can be saved: tiny@1.0.0:q8_0"))
        let done = try program("registry", "repair", "--from", "all", "--apply", "--quiet")
        #expect(done.status == 0 && done.output.hasSuffix("registry.db: whole\n"), "\(done.output)\(done.errors)")
        #expect(try program("registry", "verify", "--read-data").status == 0)
    }

    @Test func aSampleSaysWhichSeedReadsTheSameAgain() throws {
        let first = try program("registry", "verify", "--sample", "50%", "--json", "--quiet")
        #expect(first.status == 0)
        let sample = try #require(try first.json()["sample"] as? [String: Any])
        let seed = try #require(sample["seed"] as? UInt64)
        let again = try program("registry", "verify", "--sample", "50", "--seed", "\(seed)", "--quiet")
        #expect(again.status == 0 && again.output.contains("--seed \(seed)"))
        for arguments in [["--sample", "0%"], ["--sample", "x"], ["--seed", "1"], ["--sample", "5", "--read-data"]] {
            #expect(try program.run(["registry", "verify"] + arguments).status == 64)
        }
    }

    @Test func aFileCarriesBuildsToAnotherRegistry() throws {
        #expect(try program("registry", "export", "tiny@1.0.0:q4_k_m", "-o", "one.tar", "--quiet").status == 0)
        #expect(try program("registry", "init", "--registry", "other.db").status == 0)
        #expect(try program("registry", "import", "one.tar", "--registry", "other.db", "--quiet").status == 0)
        #expect(try program("registry", "list", "--registry", "other.db", "--format", "csv").lines.count == 2)
        let output = try program("registry", "export", "-o", "registry.db.tar/x", "--quiet")
        #expect(output.status == 0, "a folder may have any name")
    }
}
