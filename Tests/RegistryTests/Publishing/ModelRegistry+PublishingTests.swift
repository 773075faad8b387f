import BinaryIO
import Foundation
import Registry
import SystemPackage
import Testing

let someMeasurement = MeasurementRecord(
    metric: "perplexity",
    value: 7.25,
    standardError: 0.1,
    unit: "1",
    method: "llama-perplexity-v1",
    textDigest: SHA256Digest(of: "text".utf8),
    context: 512,
    chunks: 40,
    kernels: "swift",
    toolVersion: "0.1.0",
    conditions: ["threads": "4"]
)

let someFit = FitRecord(
    device: "pixel-8",
    context: 4096,
    kvType: "f16",
    verdict: "fits",
    peakMemoryLow: 1,
    peakMemoryMid: 2,
    peakMemoryHigh: 3,
    decodeTokensPerSecond: 10,
    prefillTokensPerSecond: 100,
    sustainedFactor: 0.5,
    batteryPercentPer1kTokens: 0.4,
    confidence: "low",
    payload: "{}",
    toolVersion: "0.1.0"
)

@Suite struct ModelRegistryPublishingTests {
    @Test func aPublishedBuildIsFoundWithItsFacts() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        let file = try scratch.file("a.gguf")
        let published = try registry.publish(publication(file))
        #expect(published.map(\.isNew) == [true])
        let build = try registry.build(named: BuildName("tiny@1.0.0:q4_k_m"))
        #expect(build == published[0].record)
        #expect(build.digest == (try SHA256Digest(ofFile: file)))
        #expect(build.fileBytes == 300_000)
        #expect(build.facts == someFacts)
        #expect(try registry.auditEntries().map(\.action) == ["create", "publish"])
    }

    @Test func compressesWhatGainsFromItAndKeepsTheRestAsItIs() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        var both = try publication(scratch.file("soft.gguf"))
        let hard = try scratch.file("hard.gguf", compressible: false)
        both.builds.append(BuildDraft(type: "q8_0", file: hard, facts: someFacts))
        let builds = try registry.publish(both).map(\.record)
        #expect(builds.map(\.encoding) == [.zstd, .raw])
        #expect(builds[0].compressionRatio > 3)
        #expect(builds[1].compressionRatio == 1)
        for build in builds {
            let status = try FileManager.default.attributesOfItem(atPath: scratch.objectPath(of: build).string)
            #expect(status[.size] as? Int == build.storedBytes)
            #expect(status[.posixPermissions] as? Int == 0o444)
        }
        #expect(try registry.verify(readData: true).leftovers.isEmpty)
    }

    @Test func publishingTheSameAgainChangesNothing() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        var publication = try publication(scratch.file("a.gguf"), channel: "stable")
        publication.builds[0].measurements = [someMeasurement]
        publication.builds[0].fits = [someFit]
        let first = try registry.publish(publication)
        let log = try registry.auditEntries()
        let again = try registry.publish(publication)
        #expect(again.map(\.record) == first.map(\.record))
        #expect(again.map(\.isNew) == [false])
        #expect(try registry.auditEntries() == log)
        #expect(try registry.measurements(of: first[0].record.digest) == [someMeasurement])
        #expect(try registry.fits(of: first[0].record.digest) == [someFit])
    }

    @Test func otherBytesUnderAPublishedNameAreRefused() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        let first = try registry.publish(publication(scratch.file("a.gguf")))[0].record
        let other = try scratch.file("b.gguf", seed: 2)
        let error = refusal { try registry.publish(publication(other)) }
        #expect(
            error == .conflict(first.name, published: first.digest, offered: try SHA256Digest(ofFile: other))
        )
        #expect(error?.description.hasSuffix("raise the version.") == true)
        #expect(try registry.builds() == [first])
        #expect(try registry.publish(publication(other, version: "1.0.1")).map(\.isNew) == [true])
    }

    @Test func oneBadBuildPublishesNoneOfThem() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        var publication = try publication(scratch.file("a.gguf"))
        publication.builds.append(
            BuildDraft(type: "q8_0", file: scratch.folder.appending("nowhere"), facts: someFacts)
        )
        #expect(throws: FileError.self) { try registry.publish(publication) }
        #expect(try registry.builds().isEmpty)
        #expect(try registry.versions().isEmpty)
    }

    @Test func refusesValuesThatAreNoFacts() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        let good = try publication(scratch.file("a.gguf"))
        func expectRefusal(_ change: (inout Publication) throws -> Void) throws {
            var changed = good
            try change(&changed)
            #expect(refusal { try registry.publish(changed) } != nil)
        }
        try expectRefusal { $0.builds = [] }
        try expectRefusal { $0.builds += $0.builds }
        try expectRefusal { $0.model = "../escape" }
        try expectRefusal { $0.builds[0].type = "a/b" }
        try expectRefusal { $0.channel = "1.0.0" }
        try expectRefusal { $0.builds[0].facts.bitsPerWeight = .nan }
        try expectRefusal { $0.builds[0].facts.profile = "{" }
        try expectRefusal { $0.builds[0].facts.license = "" }
        try expectRefusal { $0.builds[0].file = try scratch.file("empty", count: 0) }
        try expectRefusal { publication in
            publication.builds[0].measurements = [someMeasurement]
            publication.builds[0].measurements[0].value = .infinity
        }
        try expectRefusal { publication in
            publication.builds[0].fits = [someFit]
            publication.builds[0].fits[0].peakMemoryLow = 99
        }
        #expect(try registry.versions().isEmpty)
    }

    @Test func anUnusableObjectFolderIsAClearErrorAndLeavesNoRow() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        try writeFile([1], to: scratch.objects)
        let error = #expect(throws: FileError.self) { try registry.publish(publication(scratch.file("a.gguf"))) }
        #expect(error?.path.string.hasPrefix(scratch.objects.string) == true)
        #expect(try registry.builds().isEmpty)
    }

    @Test func progressReachesTheWholeFileInBothPhases() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        var seen: [TransferProgress] = []
        try registry.publish(publication(scratch.file("a.gguf", count: 3_000_000))) { seen.append($0) }
        for phase in [TransferProgress.Phase.hashing, .storing] {
            let counts = seen.filter { $0.phase == phase }.map(\.doneBytes)
            #expect(counts == counts.sorted())
            #expect(counts.last == 3_000_000)
        }
    }

    @Test func aDamagedObjectIsReplacedByPublishingItAgain() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        let publication = try publication(scratch.file("a.gguf"))
        let build = try registry.publish(publication)[0].record
        try scratch.overwrite(build, with: [1, 2, 3])
        #expect(try !registry.verify(readData: false).isSound)
        try registry.publish(publication)
        #expect(try registry.verify(readData: true).isSound)
    }

    @Test func aRecordSurvivesJSONWithPlainDigestsAndNames() throws {
        let scratch = try Scratch()
        let build = try scratch.registry().publish(publication(scratch.file("a.gguf")))[0].record
        let json = try JSONEncoder().encode(build)
        #expect(try JSONDecoder().decode(BuildRecord.self, from: json) == build)
        let fields = try #require(JSONSerialization.jsonObject(with: json) as? [String: Any])
        #expect(fields["name"] as? String == "tiny@1.0.0:q4_k_m")
        #expect(fields["digest"] as? String == build.digest.description)
        let broken = Data(String(decoding: json, as: UTF8.self).replacing(build.digest.description, with: "../x").utf8)
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(BuildRecord.self, from: broken) }
    }
}
