import Answers
import Foundation
import Registry
import SystemPackage
import TestSupport
import Testing
import Work

/// One session is asked by several threads while others publish.
@Suite struct RegistrySessionTests {
    private func query() -> BuildQuery {
        var query = BuildQuery()
        query.devices = ["pixel-8"]
        return query
    }

    @Test func manyThreadsAskOneSessionWhileAnotherConnectionPublishes() throws {
        let shelf = try Shelf()
        for number in 0..<5 { try shelf.add("early-\(number)", gigabytes: 1, bitsPerByte: 1 + Double(number) / 10) }
        let session = try RegistrySession(shelf.path)
        let failures = Mutexed<[String]>([])
        let publisher = Thread {
            do {
                for number in 0..<10 {
                    try shelf.add("late-\(number)", gigabytes: 1, bitsPerByte: 2 + Double(number) / 10)
                }
            } catch {
                failures.change { $0.append("\(error)") }
            }
        }
        publisher.start()
        let answers = try (0..<40).map { $0 }.concurrentMap(threads: 8) { _ in try query().answer(from: session).models
        }
        while !publisher.isFinished { usleep(1000) }
        #expect(failures.value.isEmpty)
        let early = (0..<5).map { "early-\($0)" }
        // What is published is there whole or not at all, and never changes the order of the others.
        for models in answers {
            #expect(Array(models.prefix(5)) == early)
            #expect(models.dropFirst(5).elementsEqual((0..<(models.count - 5)).map { "late-\($0)" }))
        }
        #expect(try query().answer(from: session).models.count == 15, "the same session sees what came since")
        try session.close()
    }

    /// Headers are read by several threads each, and remembered for all.
    @Test func threadsShareWhatTheSessionFoundOut() throws {
        let shelf = try Shelf()
        for number in 0..<6 { try shelf.add("old-\(number)", gigabytes: 0.5, bitsPerByte: 0.5, isChecked: false) }
        try shelf.add("good", gigabytes: 1, bitsPerByte: 1)
        let session = try RegistrySession(shelf.path)
        let answers = try (0..<16).map { $0 }.concurrentMap(threads: 8) { _ in try query().answer(from: session) }
        #expect(answers.allSatisfy { $0.models == ["good"] && $0.refused.count == 6 })
        // The bytes are gone, and what was found out is not.
        try FileManager.default.removeItem(atPath: shelf.path.string + ".objects")
        #expect(try query().answer(from: session).models == ["good"])
        try session.close()
    }

    @Test func aSessionForReadingChangesNothing() throws {
        let shelf = try Shelf()
        try shelf.add("one", gigabytes: 1)
        let reason = MoveReason(who: "ada", why: "a test")
        #expect(throws: (any Error).self) {
            try RegistrySession.with(shelf.path) {
                try $0.promote("one@1.0.0", to: "production", expecting: nil, because: reason)
            }
        }
        #expect(try shelf.session.history(of: "one").isEmpty)
    }

    @Test func aFullCacheBeginsAnewAndKeepsWhatIsNew() {
        let cache = BoundedCache<Int, Int?>(limit: 3)
        for number in 0..<3 { cache.keep(number, for: number) }
        #expect(cache[0] == 0 && cache[2] == 2)
        cache.keep(7, for: 2)
        #expect(cache[0] == 0 && cache[2] == 7, "a value that is replaced takes no room")
        cache.keep(nil, for: 3)
        #expect(cache[0] == nil && cache[3] == .some(nil))
        #expect(cache.value(for: 3) { 5 } == nil, "that nothing is known is known too")
        #expect(cache.value(for: 4) { 5 } == 5)
    }
}
