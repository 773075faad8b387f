import BinaryIO
import Registry
import Testing

@Suite struct ModelRegistryQueriesTests {
    /// Three versions, of which the first has two types.
    private func filled(_ scratch: Scratch) throws -> ModelRegistry {
        let registry = try scratch.registry()
        try registry.publish(publication(scratch.file("a", seed: 1), version: "1.9.0", type: "q4_k_m"))
        try registry.publish(
            publication(scratch.file("b", seed: 2, compressible: false), version: "1.9.0", type: "q8_0")
        )
        try registry.publish(publication(scratch.file("c", count: 1000, seed: 3), version: "1.10.0"))
        try registry.publish(publication(scratch.file("d", seed: 4), version: "2.0.0-rc.1"))
        return registry
    }

    @Test func anOpenVersionMeansTheNewestRelease() throws {
        let scratch = try Scratch()
        let registry = try filled(scratch)
        #expect(try registry.resolve(BuildReference("tiny")).name.description == "tiny@1.10.0:q4_k_m")
        #expect(try registry.resolve(BuildReference("tiny@2.0.0-rc.1")).name.version.isPreRelease)
    }

    @Test func anOpenTypeIsAnErrorThatListsTheTypes() throws {
        let scratch = try Scratch()
        let registry = try filled(scratch)
        let error = refusal { _ = try registry.resolve(BuildReference("tiny@1.9.0")) }
        #expect(error == .ambiguousType("tiny@1.9.0", types: ["q4_k_m", "q8_0"]))
        #expect(try registry.resolve(BuildReference("tiny@1.9.0:Q8_0")).name.type == "q8_0")
    }

    @Test func whatIsNotThereIsAnErrorThatSaysWhatIs() throws {
        let scratch = try Scratch()
        let registry = try filled(scratch)
        #expect(
            refusal { _ = try registry.resolve(BuildReference("tiny@1.9.0:f16")) }
                == .notFound("tiny@1.9.0:f16", available: ["tiny@1.9.0:q4_k_m", "tiny@1.9.0:q8_0"])
        )
        let other = refusal { _ = try registry.build(named: BuildName("other@1.0.0:f16")) }
        guard case .notFound("other@1.0.0:f16", let names)? = other else {
            Issue.record("\(other as Any)")
            return
        }
        #expect(names.count == 4)
    }

    @Test func filtersCombine() throws {
        let scratch = try Scratch()
        let registry = try filled(scratch)
        func names(_ filter: BuildFilter) throws -> [String] {
            try registry.builds(matching: filter).map(\.name.description)
        }
        #expect(
            try names(BuildFilter()) == [
                "tiny@2.0.0-rc.1:q4_k_m", "tiny@1.10.0:q4_k_m", "tiny@1.9.0:q4_k_m", "tiny@1.9.0:q8_0",
            ]
        )
        #expect(try names(BuildFilter(model: "tiny", maxFileBytes: 1000)) == ["tiny@1.10.0:q4_k_m"])
        #expect(try names(BuildFilter(version: version("1.9.0"), type: "q8_0")) == ["tiny@1.9.0:q8_0"])
        #expect(try names(BuildFilter(license: "MIT")).count == 4)
        #expect(try names(BuildFilter(license: "apache-2.0")).isEmpty)
    }

    @Test func lineageLeadsBackToTheSourceEvenInACircle() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        let file = try scratch.file("a")
        func digest(_ text: String) -> SHA256Digest { SHA256Digest(of: text.utf8) }
        let build = try SHA256Digest(ofFile: file)
        let chain = [
            LineageEdge(from: digest("f16"), stepKind: "quantize", to: build, optionsDigest: digest("o")),
            LineageEdge(from: digest("source"), stepKind: "convert", to: digest("f16"), optionsDigest: digest("o")),
            LineageEdge(from: build, stepKind: "odd", to: digest("source"), optionsDigest: digest("o")),
        ]
        let elsewhere = LineageEdge(from: digest("x"), stepKind: "convert", to: digest("y"), optionsDigest: digest("o"))
        var publication = try publication(file)
        publication.lineage = chain + [elsewhere]
        try registry.publish(publication)
        #expect(Set(try registry.lineage(of: build)) == Set(chain))
    }

    @Test func aMeasurementUnderOtherConditionsIsAnotherRow() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        var publication = try publication(scratch.file("a"))
        var longer = someMeasurement
        longer.context = 2048
        longer.againstDigest = SHA256Digest(of: "f16".utf8)
        publication.builds[0].measurements = [someMeasurement, longer, someMeasurement]
        let build = try registry.publish(publication)[0].record
        #expect(try registry.measurements(of: build.digest) == [someMeasurement, longer])
    }

    @Test func aNewerFitReplacesTheOlderOfTheSameDevice() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        var publication = try publication(scratch.file("a"))
        publication.builds[0].fits = [someFit]
        let build = try registry.publish(publication)[0].record
        publication.builds[0].fits[0].verdict = "tight"
        try registry.publish(publication)
        #expect(try registry.fits(of: build.digest).map(\.verdict) == ["tight"])
    }
}
