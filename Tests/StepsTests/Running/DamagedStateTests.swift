import Foundation
import Pipeline
import Steps
import StepsTestSupport
import SystemPackage
import TestSupport
import Testing

/// What a run makes of files that were removed or changed behind its back, and of runs that were stopped.
@Suite struct DamagedStateTests {
    private func file(_ name: String, of report: RunReport) throws -> String {
        try #require(report.steps.flatMap(\.outputs).first { $0.hasSuffix(name) })
    }

    /// Removes the file behind a name, and says what it held.
    private func remove(_ path: String) throws -> Data {
        let file = URL(fileURLWithPath: path).resolvingSymlinksInPath()
        #expect(file.path.contains("/cas/"))
        let bytes = try Data(contentsOf: file)
        try FileManager.default.removeItem(at: file)
        return bytes
    }

    @Test func aRemovedFileIsMadeAgainByteForByteOnceItIsNeeded() throws {
        var tiny = try TinyRun()
        let first = try tiny.run()
        let (build, model) = (try file("q8_0.gguf", of: first), try file("f16.gguf", of: first))
        let bytes = try remove(build)
        #expect(try tiny.run().statuses == "cached cached cached cached cached", "the registry has the build")
        tiny.pipeline.version = "1.0.1"
        #expect(try tiny.runner().plan().steps.map(\.builds) == [nil, ["q8_0"], nil, nil, nil])
        #expect(try tiny.run().statuses == "cached done cached cached done")
        #expect(try Data(contentsOf: URL(fileURLWithPath: build)) == bytes)
        let whole = try remove(model)
        #expect(try tiny.run().statuses == "cached cached cached cached cached", "all that is made of it is there")
        tiny.pipeline.types += ", q4_0"
        #expect(try tiny.run().statuses == "done done done done done")
        #expect(try Data(contentsOf: URL(fileURLWithPath: model)) == whole)
    }

    /// Without the registry and with a run that lost its work folder, builds come out of the cache alone.
    @Test func aWholeCacheServesAnotherRegistry() throws {
        let (tiny, other) = (try TinyRun(), try TinyRun())
        let cache = tiny.scratch.appending("cache")
        try tiny.run { $0.cache.place = .folder(cache) }
        #expect(try other.run { $0.cache.place = .folder(cache) }.statuses == "cached cached cached cached done")
        #expect(try other.published() == tiny.published())
    }

    @Test(arguments: ["shorter", "flipped"])
    func aChangedFileIsNotTrusted(_ change: String) throws {
        var tiny = try TinyRun()
        let first = try tiny.run()
        let url = URL(fileURLWithPath: try file("q4_k_m.gguf", of: first))
        let bytes = try Data(contentsOf: url)
        var harmed = bytes
        if change == "shorter" { harmed.removeLast() } else { harmed[harmed.count / 2] ^= 0x10 }
        try harmed.write(to: url)
        tiny.pipeline.version = "1.0.1"
        #expect(try tiny.run().statuses == "cached done cached cached done")
        #expect(try Data(contentsOf: url) == bytes)
    }

    @Test func aPublicationThatTheRegistryLostIsMadeAgain() throws {
        let tiny = try TinyRun()
        try tiny.run()
        let published = try tiny.published()
        for suffix in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: tiny.registry.string + suffix)
        }
        #expect(try tiny.run().statuses.hasSuffix("done"))
        #expect(try tiny.published() == published)
    }

    /// Thrown from the callback, as a person's wish to stop is.
    private struct Halt: Error {}

    /// Stops at the start, in the middle and at the end of every step: what follows finishes with the same bytes.
    @Test func whereverARunIsStoppedTheNextOneFinishesIt() throws {
        let whole = try TinyRun()
        let events = Events()
        _ = try whole.runner(report: { _ = events.add($0) }).run()
        let expected = try whole.published()
        var stops: [Int] = []
        for step in Set(events.all.map(\.step)) {
            let positions = events.all.indices.filter { events.all[$0].step == step }
            stops += [positions[0], positions[positions.count / 2], positions[positions.count - 1]]
        }
        for stop in Set(stops).sorted() {
            let tiny = try TinyRun()
            let seen = Events()
            let what = "stopped at event \(stop), in \(events.all[stop].step)"
            do {
                _ = try tiny.runner(report: { if seen.add($0) == stop { throw Halt() } }).run()
                // A publication cannot be stopped half-way: it is all or nothing.
                #expect(events.all[stop].step == "publish" && events.all[stop].event == .progress, "\(what)")
            } catch {
                #expect("\(error)".contains("Halt"), "\(what): \(error)")
            }
            let unfinished = try tiny.scratch.listing().filter { $0.contains(".partial") }
            #expect(unfinished.allSatisfy { $0.contains("/.making/builds-") }, "\(what)")
            #expect(try tiny.run().statuses.contains("failed") == false, "\(what)")
            #expect(try tiny.scratch.listing().filter { $0.contains(".partial") }.isEmpty, "\(what)")
            #expect(try tiny.published() == expected, "\(what)")
        }
    }
}
