import Answers
import Pipeline
import Registry
import StepsTestSupport
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
        _ = try TestRegistry(run.registry).pull(name, to: file)
        let registry = run.scratch.appending("other.db")
        try RegistryCare.initialize(registry)
        // Neither the order of publication nor that of letters decides.
        for version in ["1.10.0", "1.9.0", "1.10.0-rc.1"] {
            _ = try TestRegistry(registry).importFile(file, as: "same@\(version):q8_0")
        }
        let answer = try TestRegistry(registry).answer(BuildQuery())
        #expect(answer.best?.build == "same@1.10.0:q8_0")
        #expect(answer.alternatives.map(\.build) == ["same@1.10.0-rc.1:q8_0", "same@1.9.0:q8_0"])
    }
}
