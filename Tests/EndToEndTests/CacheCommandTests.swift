import Foundation
import SystemPackage
import TestSupport
import Testing

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// The cache as commands use it: shared, evicted, served.
@Suite struct CacheCommandTests {
    private let program: Program

    init() throws {
        let folder = try ScratchFolder()
        try folder.write(TinyPipeline().yaml, to: "tiny.yaml")
        program = Program(folder: folder)
    }

    private func statuses(_ result: Program.Result) throws -> [String] {
        let steps = try #require(try result.json()["steps"] as? [[String: Any]], "\(result.errors)")
        return steps.compactMap { $0["status"] as? String }
    }

    private func run(_ arguments: String..., environment: [String: String] = [:]) throws -> [String] {
        var program = program
        program.environment = environment
        return try statuses(program.run(["run", "tiny.yaml", "--json", "--quiet"] + arguments))
    }

    @Test func aSharedFolderServesAnotherRegistryUntilItIsEmptied() throws {
        let done = Array(repeating: "done", count: 5)
        #expect(try run("--registry", "one.db", "--cache", "shared") == done)
        let cached = Array(repeating: "cached", count: 4) + ["done"]
        #expect(try run("--registry", "two.db", environment: ["EDGEPIPE_CACHE": "shared"]) == cached)
        let status = try program("cache", "status", "--cache", "shared", "--json")
        #expect(try status.json()["files"] as? Int == 3)
        let evicted = try program("cache", "evict", "--max-size", "9MB", "--cache", "shared", "--json")
        #expect(try (evicted.json()["bytes"] as? Int).map { $0 <= 9_000_000 } == true, "\(evicted.output)")
        #expect(
            try program("cache", "evict", "--max-size", "0", "--cache", "shared", "--json").json()["bytes"] as? Int == 0
        )
        #expect(try run("--registry", "three.db", "--cache", "shared") == done)
        #expect(
            try run("--registry", "three.db", "--cache", "shared", "--cache-size", "1MB")
                == Array(repeating: "cached", count: 5)
        )
        #expect(
            try (program("cache", "status", "--cache", "shared", "--json").json()["bytes"] as? Int).map {
                $0 <= 1_000_000
            } == true
        )
        // The registry has the builds: a file that is gone is not missed.
        #expect(try run("--registry", "three.db", "--cache", "shared") == Array(repeating: "cached", count: 5))
    }

    @Test func modesAndMistakesAreSaidBeforeTheFirstStep() throws {
        try program.folder.write("", to: "file")
        let wrong = try program("run", "tiny.yaml", "--cache", "file")
        #expect(
            wrong.status == 64 && wrong.errors.contains("the cache file cannot be used: Not a directory"),
            "\(wrong.errors)"
        )
        #expect(wrong.errors.contains("--cache-mode off"), "\(wrong.errors)")
        #expect(try program("run", "tiny.yaml", "--cache-mode", "sometimes").status == 64)
        #expect(try program("cache", "evict", "--max-size", "many").status == 64)
        #expect(try program("cache", "status", "--cache", "http://127.0.0.1:1").status == 64)
        #expect(try run("--cache-mode", "off", "--cache", "file") == Array(repeating: "done", count: 5))
    }

    @Test func aServerPassesResultsOn() throws {
        let made = try program(
            "serve",
            "token",
            "new",
            "--model",
            "*",
            "--allow",
            "push",
            "--tokens",
            "tokens.json",
            "--json"
        )
        let token = try #require(try made.json()["token"] as? String)
        _ = try program("registry", "init")
        let server = try program.start([
            "serve", "--listen", "127.0.0.1:0", "--cache", "served", "--writable", "--tokens", "tokens.json",
        ])
        defer { server.signal(SIGTERM) }
        let address = try server.text(behind: "listening on ")
        let environment = ["EDGEPIPE_CACHE_TOKEN": token]
        #expect(
            try run("--registry", "one.db", "--cache", address, environment: environment)
                == Array(repeating: "done", count: 5)
        )
        // Reading takes no token.
        let cached = Array(repeating: "cached", count: 4) + ["done"]
        #expect(try run("--registry", "two.db", "--cache", address, "--cache-mode", "readonly") == cached)
        // A server that takes nothing costs what it would have spared.
        let refused = try program(
            "run",
            "tiny.yaml",
            "--set",
            "version=1.0.1",
            "--registry",
            "three.db",
            "--cache",
            address
        )
        #expect(refused.status == 0 && refused.errors.contains("it answered with status 401"), "\(refused.errors)")
        server.signal(SIGKILL)
        _ = try server.wait()
        let away = try program("run", "tiny.yaml", "--registry", "four.db", "--cache", address)
        #expect(away.status == 0 && away.errors.contains("the cache failed, and the run goes on"), "\(away.errors)")
    }
}
