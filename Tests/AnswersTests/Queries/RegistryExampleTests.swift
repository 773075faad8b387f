import Answers
import BinaryIO
import Registry
import StepsTestSupport
import SystemPackage
import TestSupport
import Testing

/// The registry that ships with the project, made by `make registry-example`: rows of three models, no objects.
@Suite struct RegistryExampleTests {
    private let folder: ScratchFolder
    private let registry: FilePath

    init() throws {
        folder = try ScratchFolder()
        let example = try readFile(Goldens.packageRoot.appending("registry.db.example"), limit: 1 << 26)
        registry = try folder.write(example, to: "registry.db")
    }

    @Test func itAnswersAQueryWithItsBuilds() throws {
        let query = try BuildQuery(ram: "3GB", platform: "android", maxSize: nil)
        let answer = try TestRegistry(registry).answer(query)
        let builds = [answer.best].compactMap { $0 } + answer.alternatives
        #expect(builds.count == 12 && Set(builds.map(\.model)) == ["gemma3-270m", "smollm2", "tiny-phi3"])
        let shipped = builds.filter { $0.model == "tiny-phi3" }
        #expect(Set(shipped.map(\.type)) == ["q8_0", "q6_k", "q4_k_m", "q3_k_m", "q2_k"])
        #expect(answer.refused.isEmpty)
        // Ranked by measured bits per byte, all on the sample text.
        let quality = builds.compactMap(\.bitsPerByte)
        #expect(quality.count == builds.count && quality == quality.sorted())
        let text = try SHA256Digest(ofFile: Goldens.packageRoot.appending("texts/sample.txt"))
        #expect(builds.allSatisfy { $0.textSha256 == text })
    }

    @Test func aBudgetTooSmallRefusesEveryBuildInWords() throws {
        let query = try BuildQuery(ram: "150MB", platform: "ios", maxSize: nil)
        let answer = try TestRegistry(registry).answer(query)
        #expect(answer.best == nil && answer.refused.count == 12)
        #expect(answer.refused.allSatisfy { $0.reasons.contains { $0.contains("is over 150.0 MB") } })
    }

    @Test func itKnowsWhereABuildComesFromAndWhatWasMeasured() throws {
        let details = try TestRegistry(registry).details(of: "tiny-phi3:q4_k_m")
        #expect(details.build.facts.license == "mit")
        #expect(details.lineage.map(\.stepKind).sorted() == ["convert", "quantize"])
        #expect(details.measurements.contains { $0.metric == "meanKLD" && $0.againstDigest != nil && $0.chunks == 40 })
        #expect(details.fits.count == 7)
    }

    /// The program that is built here makes the same bytes as the one that made the example.
    @Test func itsBuildsAreTheReferencesBytes() throws {
        let goldens = String(
            decoding: try readFile(Goldens.tinyPhi3.appending("quantized.json"), limit: 1 << 24),
            as: UTF8.self
        )
        let shipped = try TestRegistry(registry).builds().filter { $0.name.model == "tiny-phi3" }
        #expect(shipped.count == 5)
        for build in shipped { #expect(goldens.contains("\(build.digest)")) }
    }
}
