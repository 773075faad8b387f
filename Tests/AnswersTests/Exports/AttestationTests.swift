import Answers
import BinaryIO
import Foundation
import Registry
import StepsTestSupport
import SystemPackage
import TestSupport
import Testing

/// The documents about a build of the registry that ships with the project.
@Suite struct AttestationTests {
    private let scratch: ScratchFolder
    private let details: BuildDetails
    private let documents: [String: [String: Any]]

    init() throws {
        scratch = try ScratchFolder()
        let example = try readFile(Goldens.packageRoot.appending("registry.db.example"), limit: 1 << 26)
        let registry = try scratch.write(example, to: "registry.db")
        details = try TestRegistry(registry).details(of: "tiny-phi3:q4_k_m")
        var documents: [String: [String: Any]] = [:]
        let output = scratch.appending("out")
        let report = try RegistrySession.with(registry) { try $0.attest("tiny-phi3:q4_k_m", to: output) }
        for file in report.files {
            let data = Data(try readFile(FilePath(file), limit: 1 << 24))
            let kind = try #require(file.split(separator: ".").dropLast().last)
            documents[String(kind)] = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        }
        self.documents = documents
    }

    @Test func bothStatementsAreAboutTheBuildsBytes() throws {
        for kind in ["provenance", "test-result"] {
            let subject = try #require((documents[kind]?["subject"] as? [[String: Any]])?.first)
            #expect(subject["digest"] as? [String: String] == ["sha256": details.build.digest.description])
        }
    }

    @Test func provenanceLeadsFromTheSourceOverTheStepsToTheBuild() throws {
        let predicate = try #require(documents["provenance"]?["predicate"] as? [String: Any])
        let definition = try #require(predicate["buildDefinition"] as? [String: Any])
        let source = try #require((definition["resolvedDependencies"] as? [[String: Any]])?.first)
        let digest = try #require(details.build.facts.sourceDigest).description
        #expect(source["digest"] as? [String: String] == ["sha256": digest])
        let steps = try #require((definition["internalParameters"] as? [String: Any])?["steps"] as? [[String: Any]])
        #expect(steps.compactMap { $0["kind"] as? String }.sorted() == ["convert", "quantize"])
    }

    @Test func everyDeviceIsATestAndEveryMeasurementIsThere() throws {
        let predicate = try #require(documents["test-result"]?["predicate"] as? [String: Any])
        let counts = ["passedTests", "warnedTests", "failedTests"].map { (predicate[$0] as? [String])?.count ?? -1 }
        #expect(counts.reduce(0, +) == details.fits.count)
        #expect((predicate["configuration"] as? [Any])?.count == details.measurements.count)
        #expect(predicate["result"] as? String == (counts[2] > 0 ? "FAILED" : counts[1] > 0 ? "WARNED" : "PASSED"))
    }

    @Test func theBillOfMaterialsNamesTheModelItsSourceAndItsNumbers() throws {
        let bill = try #require(documents["cdx"])
        #expect(bill["bomFormat"] as? String == "CycloneDX")
        let model = try #require((bill["components"] as? [[String: Any]])?.first)
        #expect((model["hashes"] as? [[String: String]])?.first?["content"] == details.build.digest.description)
        let card = model["modelCard"] as? [String: Any]
        let metrics = (card?["quantitativeAnalysis"] as? [String: Any])?["performanceMetrics"] as? [[String: Any]]
        #expect(metrics?.count == details.measurements.count)
        #expect(metrics?.contains { $0["type"] as? String == "perplexity" } == true)
    }
}
