import Foundation
import SystemPackage
import TestSupport
import Testing

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// `kill -9` in the middle: whatever a killed run leaves, the next one finishes with the same bytes.
@Suite(.serialized) struct KilledRunTests {
    private static let killCount = 15

    private func start(in folder: ScratchFolder) throws -> Program {
        try folder.write(TinyPipeline().yaml, to: "tiny.yaml")
        return Program(folder: folder)
    }

    private func digests(_ result: Program.Result) throws -> [String] {
        let builds = try #require(try result.json()["builds"] as? [[String: Any]], "\(result.errors)")
        return builds.compactMap { build in (build["sha256"] as? String).map { "\(build["build"] ?? "") \($0)" } }
    }

    @Test func whereverARunIsKilledTheNextOneFinishesIt() throws {
        let arguments = ["run", "tiny.yaml", "--json", "--quiet"]
        // The second of two runs is the one to measure: by then the program's pages are in memory.
        _ = try start(in: try ScratchFolder()).run(arguments)
        let whole = try start(in: try ScratchFolder()).run(arguments)
        try #require(whole.status == 0, "\(whole.errors)")
        let expected = try digests(whole)
        try #require(expected.count == 2)

        let seed = UInt64.random(in: 0 ... .max)
        var random = SplitMix64(seed: seed)
        var killed = 0
        var length = whole.seconds
        for _ in 0..<(3 * Self.killCount) where killed < Self.killCount {
            // One moment in each of equal parts, so that the kills spread over the whole run.
            let share = (Double(killed) + Double(random.nextFraction())) / Double(Self.killCount)
            let what = "seed \(seed), kill \(killed) after \(share) of \(length) s"
            let folder = try ScratchFolder()
            let program = try start(in: folder)
            let running = try program.start(arguments)
            usleep(UInt32(share * length * 1e6))
            running.signal(SIGKILL)
            let end = try running.wait()
            #expect(end.status == 1009 || end.status == 0, "\(what)")
            // A kill that came too late says how long a run takes now: other work may have slowed the first one.
            if end.status == 1009 { killed += 1 } else { length = min(length, end.seconds) }
            // What has its final name is whole, even now.
            for file in try FileManager.default.subpathsOfDirectory(atPath: folder.path.string)
            where file.hasSuffix(".gguf") {
                #expect(try program("inspect", file, "--json").status == 0, "\(what): \(file)")
            }
            let next = try program.run(arguments)
            #expect(next.status == 0, "\(what): \(next.errors)")
            #expect(try digests(next) == expected, "\(what)")
            let verified = try program("registry", "verify", "--read-data", "--quiet")
            #expect(verified.status == 0, "\(what): \(verified.output)")
        }
        #expect(killed == Self.killCount, "seed \(seed): the kills must come before the end")
    }
}
