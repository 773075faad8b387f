import Foundation
import Registry
import SystemPackage
import TestSupport
import Testing

@Suite struct ModelRegistryChannelsTests {
    private let reason = MoveReason(who: "ada", why: "it runs cooler")

    @Test func aMoveKeepsWhoWhyAndTheNumbersOfThatTime() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        var first = try publication(scratch.file("a"), version: "1.0.0", channel: "stable")
        first.publisher = "grace"
        try registry.publish(first)
        try registry.publish(publication(scratch.file("b", seed: 2), version: "2.0.0"))
        try registry.setChannel("stable", of: "tiny", to: version("2.0.0"), because: reason)
        let moves = try registry.channelHistory(of: "tiny")
        #expect(moves.map(\.reason) == [MoveReason(who: "grace", why: "published"), reason])
        let build = try registry.resolve(BuildReference("tiny@2.0.0"))
        var expected: [String: Double] = [:]
        for record in try registry.measurements(of: build.digest) { expected[record.metric] = record.value }
        #expect(moves[1].numbers == (expected.isEmpty ? [:] : [build.name.type: expected]))
    }

    /// The registry that the first version of the quickstart made, from before moves had reasons: all migrations but one pass over it.
    @Test func movesOfAnOlderRegistryHaveNoReasons() throws {
        let scratch = try Scratch()
        let copy = scratch.folder.appending("old.db")
        try FileManager.default.copyItem(
            atPath: Goldens.packageRoot.appending("Tests/Goldens/registries/before-reasons.db").string,
            toPath: copy.string
        )
        let registry = try ModelRegistry(path: copy, mode: .openExisting)
        let model = try #require(try registry.versions().first?.model)
        let moves = try registry.channelHistory(of: model)
        #expect(!moves.isEmpty && moves.allSatisfy { $0.reason == MoveReason(who: "", why: "") && $0.numbers.isEmpty })
    }

    @Test func publishingSetsTheChannelAndKeepsItsHistory() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        try registry.publish(publication(scratch.file("a"), version: "1.0.0", channel: "stable"))
        try registry.publish(publication(scratch.file("b", seed: 2), version: "2.0.0", channel: "stable"))
        try registry.setChannel("stable", of: "tiny", to: version("1.0.0"), because: reason)
        let moves = try registry.channelHistory(of: "tiny")
        #expect(moves.map(\.from) == [nil, try version("1.0.0"), try version("2.0.0")])
        #expect(moves.map(\.to.description) == ["1.0.0", "2.0.0", "1.0.0"])
        #expect(try registry.versions().map(\.channels) == [[], ["stable"]])
        #expect(try registry.builds(matching: BuildFilter(channel: "stable")).map(\.name.version.major) == [1])
    }

    @Test func aChannelThatSomeoneElseMovedIsNotMovedUnseen() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        let (one, two) = (try version("1.0.0"), try version("2.0.0"))
        try registry.publish(publication(scratch.file("a"), version: "1.0.0", channel: "stable"))
        try registry.publish(publication(scratch.file("b", seed: 2), version: "2.0.0"))
        #expect(
            refusal { try registry.setChannel("stable", of: "tiny", to: two, expecting: two, because: reason) }
                == .channelMoved(channel: "stable", model: "tiny", expected: two, found: one)
        )
        try registry.setChannel("stable", of: "tiny", to: two, expecting: one, because: reason)
        #expect(try registry.resolve(BuildReference("tiny@stable")).name.version == two)
    }

    @Test func aChannelPointsOnlyToWhatIsPublished() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        try registry.publish(publication(scratch.file("a")))
        let missing = refusal { try registry.setChannel("stable", of: "tiny", to: version("9.0.0"), because: reason) }
        #expect(missing == .notFound("tiny@9.0.0", available: ["tiny@1.0.0:q4_k_m"]))
    }
}
