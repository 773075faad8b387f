import Registry
import Testing

@Suite struct ModelVersionTests {
    /// The example of Semantic Versioning 2.0.0, §11, in small letters.
    @Test func ordersAsSemanticVersioningDoes() throws {
        let ordered = [
            "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11",
            "1.0.0-rc.1", "1.0.0", "1.0.1", "1.2.0", "1.10.0", "2.0.0",
        ]
        #expect(try ordered.shuffled().map { try version($0) }.sorted().map(\.description) == ordered)
    }

    @Test(arguments: [
        "", "1", "1.0", "1.0.0.0", "01.0.0", "1.0.0-", "1.0.0-01", "1.0.0+build", "v1.0.0", "1.0.x", "-1.0.0",
        "1.0.0-RC",
        "1.0.0-a..b", "9999999999.0.0", "1.0.0/..", "1.0.0\n", "１.0.0",
    ])
    func refusesWhatIsNoVersion(_ text: String) {
        #expect(ModelVersion(text) == nil)
    }
}
