import Answers
import Foundation
import Pipeline
import Registry
import StepsTestSupport
import SystemPackage
import TestSupport
import Testing

@Suite struct ChannelTests {
    private let reason = MoveReason(who: "ada", why: "it runs cooler")

    @Test func aChannelIsMovedWithItsReasonAndTheNumbersOfThatTime() throws {
        let run = try TinyRun()
        try run.run()
        let move = try RegistrySession.with(run.registry, .changing) {
            try $0.promote("tiny@1.0.0", to: "production", expecting: nil, because: reason)
        }
        #expect(move.from == nil && move.to.description == "1.0.0" && move.reason == reason)
        #expect(move.numbers.keys.sorted() == ["q4_k_m", "q8_0"])
        #expect(move.numbers["q8_0"]?["bitsPerByte"] != nil)
        let history = try RegistrySession.with(run.registry) { try $0.history(of: "tiny") }
        #expect(history.map(\.channel) == ["candidate", "production"])
        #expect(history[0].reason.why == "published" && !history[0].numbers.isEmpty)
    }

    @Test(arguments: ["tiny", "tiny@candidate", "tiny@1.0.0:q8_0", "tiny@2.0.0", "@"])
    func whatIsNoPublishedVersionIsRefused(_ version: String) throws {
        let run = try TinyRun()
        try run.run()
        #expect(throws: (any Error).self) {
            _ = try RegistrySession.with(run.registry, .changing) {
                try $0.promote(version, to: "production", expecting: nil, because: reason)
            }
        }
        #expect(try RegistrySession.with(run.registry) { try $0.history(of: "tiny") }.count == 1)
        #expect(throws: NothingFits.self) { _ = try RegistrySession.with(run.registry) { try $0.history(of: "tinny") } }
    }

    @Test func leftoversAreNamedBeforeTheyAreRemoved() throws {
        let run = try TinyRun()
        try run.run()
        func collect(olderThan age: Double, removes: Bool) throws -> [VerificationReport.Leftover] {
            try RegistrySession.with(run.registry, removes ? .changing : .reading) {
                try $0.collectLeftovers(olderThan: age, removes: removes)
            }
        }
        try FileManager.default.createDirectory(
            atPath: run.registry.string + ".objects/incoming",
            withIntermediateDirectories: true
        )
        try Data([1, 2, 3]).write(to: URL(filePath: run.registry.string + ".objects/incoming/x.partial"))
        #expect(try collect(olderThan: 3600, removes: true).isEmpty)
        #expect(try collect(olderThan: 0, removes: false).count == 1)
        #expect(try collect(olderThan: 0, removes: true).count == 1)
        #expect(try collect(olderThan: 0, removes: false).isEmpty)
    }
}
