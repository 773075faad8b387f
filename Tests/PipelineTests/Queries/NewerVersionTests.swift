import Pipeline
import Registry
import SystemPackage
import TestSupport
import Testing

@Suite struct NewerVersionTests {
    /// Two versions of the same bytes differ in nothing that a ranking knows: the newer one is named, by its number.
    @Test func ofTwoVersionsOfTheSameBytesTheNewerIsNamed() throws {
        let run = try TinyRun()
        try run.run()
        let name = try #require(try run.published().keys.min())
        let file = run.scratch.appending("pulled.gguf")
        _ = try Operations.pull(name, from: run.registry, to: file) { _, _, _ in }
        let registry = run.scratch.appending("other.db")
        try Operations.initialize(registry)
        // Neither the order of publication nor that of letters decides.
        for version in ["1.10.0", "1.9.0", "1.10.0-rc.1"] {
            _ = try Operations.importBuild(
                file,
                as: "same@\(version):q8_0",
                license: "mit",
                source: nil,
                channel: nil,
                into: registry
            ) { _, _, _ in }
        }
        let answer = try Operations.query(BuildQuery(), in: registry)
        #expect(answer.best?.build == "same@1.10.0:q8_0")
        #expect(answer.alternatives.map(\.build) == ["same@1.10.0-rc.1:q8_0", "same@1.9.0:q8_0"])
    }
}
