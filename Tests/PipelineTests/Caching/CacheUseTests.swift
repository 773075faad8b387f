import BinaryIO
import Foundation
import Pipeline
import Registry
import SystemPackage
import TestSupport
import Testing

@Suite struct CacheUseTests {
    private let run: FakeRun
    private let base = FakeStep(id: "base")
    private let next: FakeStep

    init() throws {
        run = try FakeRun()
        next = FakeStep(id: "next", builds: ["a", "b"], takes: [base], word: "next")
    }

    private func run(_ mode: CacheMode) throws -> String { try run.run([base, next]) { $0.cache.mode = mode } }

    @Test func modesTakeAndKeepWhatTheySay() throws {
        #expect(try run(.off) == "done done")
        #expect(FileStatus(run.folder.root.appending("ac")) == nil)
        #expect(try run(.readonly) == "done done" && run(.readonly) == "done done")
        #expect(FileStatus(run.folder.root.appending("cas")) == nil)
        #expect(try run(.on) == "done done" && run(.on) == "cached cached")
        #expect(try run(.readonly) == "cached cached" && run(.off) == "done done")
        #expect(try run(.refresh) == "done done" && run(.on) == "cached cached")
    }

    @Test func nothingLiesOnADiskTwice() throws {
        try run.run([base, next])
        let names = try FileManager.default.subpathsOfDirectory(atPath: run.scratch.path.string)
        let words = names.filter { name in
            let path = run.scratch.path.pushing(FilePath(name)).string
            return (try? FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType)
                == .typeRegular
                && (try? String(contentsOfFile: path, encoding: .utf8))?.hasPrefix("next ") == true
        }
        #expect(words.count == 2 && words.allSatisfy { $0.contains("/cas/") }, "\(words)")
        #expect(FileStatus(run.name(of: next)) != nil)
    }

    @Test func anotherFolderServesAnotherRegistry() throws {
        let shared = run.scratch.appending("shared")
        func change(_ options: inout RunOptions) { options.cache.place = .folder(shared) }
        #expect(try run.run([base, next], change) == "done done")
        let other = try FakeRun()
        #expect(try other.run([base, next], change) == "cached cached")
        #expect(try readFile(other.name(of: next), limit: 100) == Array("next a".utf8))
        #expect(try other.plan([base, next], change).map(\.action) == [.cached, .cached])
        #expect(FileStatus(other.name(of: base)) == nil, "nobody needs it")
    }

    @Test(.enabled(if: SmallDisk.isAvailable, Comment(rawValue: SmallDisk.need)))
    func aFolderOnAnotherDiskGetsCopies() throws {
        let disk = try SmallDisk(bytes: 1 << 20)
        let cache = disk.folder.appending("cache")
        func change(_ options: inout RunOptions) { options.cache.place = .folder(cache) }
        #expect(try run.run([base, next], change) == "done done")
        #expect(
            try FileManager.default.destinationOfSymbolicLink(atPath: run.name(of: next).string).hasPrefix(cache.string)
        )
        #expect(try run.run([base, next], change) == "cached cached")
        #expect(try FileManager.default.contentsOfDirectory(atPath: cache.appending("tmp").string) == [])
    }

    @Test(.enabled(if: SmallDisk.isAvailable, Comment(rawValue: SmallDisk.need)))
    func aFolderThatFillsUpOrCannotBeWrittenAnyMoreLeavesTheRunGoingOn() throws {
        for isFull in [true, false] {
            let run = try FakeRun()
            let disk = try SmallDisk(bytes: 1 << 20)
            var slow = next
            slow.meanwhile = { isFull ? try disk.fill(leaving: 0) : try disk.makeReadOnly() }
            func change(_ options: inout RunOptions) { options.cache.place = .folder(disk.folder.appending("cache")) }
            let remarks = Mutexed<[String]>([])
            let last = FakeStep(id: "last", builds: ["a", "b"], takes: [slow], word: "last")
            #expect(try run.run([base, slow, last], remarks: remarks, change) == "done done done")
            #expect(remarks.value.count == 1, "said once: \(remarks.value)")
            #expect(remarks.value.first?.hasPrefix("the cache failed, and the run goes on") == true)
            #expect(try readFile(run.name(of: last), limit: 100) == Array("last a".utf8))
        }
    }

    @Test func aFolderThatVanishesLeavesTheRunGoingOn() throws {
        let cache = run.scratch.appending("cache")
        var slow = next
        slow.meanwhile = {
            try FileManager.default.removeItem(atPath: cache.string)
            try Data().write(to: URL(fileURLWithPath: cache.string))
        }
        let remarks = Mutexed<[String]>([])
        let last = FakeStep(id: "last", builds: ["a", "b"], takes: [slow], word: "last")
        let statuses = try run.run([base, slow, last], remarks: remarks) { $0.cache.place = .folder(cache) }
        #expect(statuses == "done done done" && remarks.value.count == 1, "\(remarks.value)")
    }

    @Test func aPlaceThatCannotBeUsedIsFoundBeforeTheFirstStep() throws {
        let file = try run.scratch.write("", to: "file")
        for path in [file, file.appending("below")] {
            let error = try #require(throws: CacheError.self) {
                try run.run([base]) { $0.cache.place = .folder(path) }
            }
            #expect("\(error)".contains("\(path) cannot be used: Not a directory. Choose another folder"), "\(error)")
        }
        #expect(base.ran.batches.isEmpty)
        let error = try #require(throws: CacheError.self) {
            try run.plan([base]) { $0.cache.place = .folder(file) }
        }
        #expect("\(error)".contains("Not a directory"))
        #expect(try run.plan([base]) { $0.cache.place = .folder("/nowhere") }.map(\.action) == [.run])
    }

    @Test func planWritesNothing() throws {
        try run.run([base, next])
        // Opening the registry touches it.
        func listing() throws -> [String] {
            try run.scratch.listing().filter { !$0.hasPrefix("registry.db ") && !$0.hasPrefix("registry.db-") }
        }
        let before = try listing()
        #expect(try run.plan([base, next]).map(\.action) == [.cached, .cached])
        #expect(try listing() == before)
        #expect(try run.plan([base, next]) { $0.cache.place = .folder(run.scratch.appending("new")) }.count == 2)
        #expect(try listing() == before)
    }

    @Test func manyThatWriteTheSameAtOnceDoNoHarm() async throws {
        let cache = run.scratch.appending("cache")
        let steps = [base, next]
        try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<8 {
                group.addTask { try FakeRun().run(steps) { $0.cache.place = .folder(cache) } }
            }
            for try await statuses in group { #expect(statuses.split(separator: " ").count == 2) }
        }
        #expect(try run.run(steps) { $0.cache.place = .folder(cache) } == "cached cached")
        #expect(try FileManager.default.contentsOfDirectory(atPath: cache.appending("tmp").string) == [])
    }

    @Test func speedsAndDigestsOfFilesAreRemembered() throws {
        var slow = base
        slow.meanwhile = { usleep(150_000) }
        try run.run([slow])
        var other = slow
        other.setting = "other"
        let forecast = try #require(try run.plan([other])[0].forecast)
        #expect(forecast.secondsHigh > 0.15 && forecast.secondsHigh < 1, "by the run before: \(forecast)")
    }

    /// Versions before this one kept records in the registry, and files beside it.
    @Test func whatAnOlderVersionMadeMovesIntoTheFolder() throws {
        let node = base.nodes[0]
        let relative = FilePath("fake/base-\(node.key.digest.short)/word.txt")
        let file = try run.scratch.write("word ", to: "registry.db.work/\(relative)")
        let status = try #require(FileStatus(file))
        struct Entry: Encodable {
            struct Product: Encodable {
                struct File: Encodable {
                    let path: FilePath
                    let byteCount: Int
                    let digest: SHA256Digest
                    let modified: Int
                }
                let files: [File]
                let facts: String
            }
            let product: Product
        }
        let old = Entry.Product.File(
            path: relative,
            byteCount: 5,
            digest: SHA256Digest(of: "word ".utf8),
            modified: status.modified
        )
        let entry = try JSONEncoder().encode(Entry(product: .init(files: [old], facts: "\"word\"")))
        let registry = try ModelRegistry(path: run.scratch.appending("registry.db"), mode: .create)
        try registry.record(
            StepRecord(
                key: node.key.digest,
                stepKind: "fake",
                implementationVersion: "1",
                outputs: String(decoding: entry, as: UTF8.self),
                seconds: 1,
                finishedAt: Date()
            )
        )
        try registry.close()
        #expect(try run.plan([base]).map(\.action) == [.cached])
        #expect(FileStatus(run.file(of: base)) == nil, "a plan moves nothing")
        #expect(try run.run([base]) == "cached")
        #expect(FileStatus(run.file(of: base)) != nil && base.ran.batches.isEmpty)
        #expect(try run.run([base]) == "cached")
        try FileManager.default.removeItem(atPath: run.file(of: base).string)
        #expect(try run.run([base]) == "done")
    }
}
