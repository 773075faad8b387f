import Foundation
import Pipeline
import Registry
import SystemPackage
import TestSupport
import Testing

@Suite struct ChannelOperationTests {
    private let reason = MoveReason(who: "ada", why: "it runs cooler")

    @Test func aChannelIsMovedWithItsReasonAndTheNumbersOfThatTime() throws {
        let run = try TinyRun()
        try run.run()
        let move = try Operations.promote(
            "tiny@1.0.0",
            to: "production",
            expecting: nil,
            because: reason,
            in: run.registry
        )
        #expect(move.from == nil && move.to.description == "1.0.0" && move.reason == reason)
        #expect(move.numbers.keys.sorted() == ["q4_k_m", "q8_0"])
        #expect(move.numbers["q8_0"]?["bitsPerByte"] != nil)
        let history = try Operations.history(of: "tiny", in: run.registry)
        #expect(history.map(\.channel) == ["candidate", "production"])
        #expect(history[0].reason.why == "published" && !history[0].numbers.isEmpty)
    }

    @Test(arguments: ["tiny", "tiny@candidate", "tiny@1.0.0:q8_0", "tiny@2.0.0", "@"])
    func whatIsNoPublishedVersionIsRefused(_ version: String) throws {
        let run = try TinyRun()
        try run.run()
        #expect(throws: (any Error).self) {
            _ = try Operations.promote(version, to: "production", expecting: nil, because: reason, in: run.registry)
        }
        #expect(try Operations.history(of: "tiny", in: run.registry).count == 1)
        #expect(throws: NothingFits.self) { _ = try Operations.history(of: "tinny", in: run.registry) }
    }

    @Test func leftoversAreNamedBeforeTheyAreRemoved() throws {
        let run = try TinyRun()
        try run.run()
        try FileManager.default.createDirectory(
            atPath: run.registry.string + ".objects/incoming",
            withIntermediateDirectories: true
        )
        try Data([1, 2, 3]).write(to: URL(filePath: run.registry.string + ".objects/incoming/x.partial"))
        #expect(try Operations.collectLeftovers(in: run.registry, olderThan: 3600, removes: true).isEmpty)
        #expect(try Operations.collectLeftovers(in: run.registry, olderThan: 0, removes: false).count == 1)
        #expect(try Operations.collectLeftovers(in: run.registry, olderThan: 0, removes: true).count == 1)
        #expect(try Operations.collectLeftovers(in: run.registry, olderThan: 0, removes: false).isEmpty)
    }
}
