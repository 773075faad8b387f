import Registry
import Testing

@Suite struct ModelRegistryChannelsTests {
    @Test func publishingSetsTheChannelAndKeepsItsHistory() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        try registry.publish(publication(scratch.file("a"), version: "1.0.0", channel: "stable"))
        try registry.publish(publication(scratch.file("b", seed: 2), version: "2.0.0", channel: "stable"))
        try registry.setChannel("stable", of: "tiny", to: version("1.0.0"))
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
            refusal { try registry.setChannel("stable", of: "tiny", to: two, expecting: two) }
                == .channelMoved(channel: "stable", model: "tiny", expected: two, found: one)
        )
        try registry.setChannel("stable", of: "tiny", to: two, expecting: one)
        #expect(try registry.resolve(BuildReference("tiny@stable")).name.version == two)
    }

    @Test func aChannelPointsOnlyToWhatIsPublished() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        try registry.publish(publication(scratch.file("a")))
        let missing = refusal { try registry.setChannel("stable", of: "tiny", to: version("9.0.0")) }
        #expect(missing == .notFound("tiny@9.0.0", available: ["tiny@1.0.0:q4_k_m"]))
    }
}
