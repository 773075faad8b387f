import Answers
import BinaryIO
import DeviceFit
import Foundation
import Registry
import SystemPackage
import TestSupport
import Testing

/// A registry with more builds than an answer names: it must name the same best ones as a ranking of all would.
@Suite struct LargeRegistryQueryTests {
    private let shelf: Shelf
    private let expected: [String]

    init() throws {
        shelf = try Shelf()
        let sizes = [0.5, 1, 1.5, 2.8, 4]
        try shelf.add("template", gigabytes: 1)
        let template = try #require(try shelf.registry.builds().first)
        var publications: [Publication] = []
        var ranked: [(quality: Double, name: String)] = []
        for index in 0..<400 {
            let gigabytes = sizes[index % sizes.count]
            let quality = 0.5 + Double((index * 37) % 400) / 100
            var facts = template.facts
            facts.profile = facts.profile.replacing("1000000000", with: "\(Int(gigabytes * 1e9))")
            let measurement = MeasurementRecord(
                metric: "bitsPerByte",
                value: quality,
                unit: "bit/byte",
                method: "test",
                textDigest: SHA256Digest(of: "common".utf8),
                kernels: "swift",
                toolVersion: "0"
            )
            var draft = BuildDraft(type: "q4_0", file: FilePath("/\(index) \(Int(gigabytes * 1e9))"), facts: facts)
            draft.measurements = [measurement]
            let version = try ModelVersion(parsing: "1.0.0")
            publications.append(
                Publication(
                    model: "m\(index)",
                    version: version,
                    builds: [draft],
                    channel: index % 2 == 0 ? "even" : nil,
                    toolVersion: "0"
                )
            )
            if gigabytes < 2 { ranked.append((quality, "m\(index)")) }
        }
        try shelf.registry.fill(publications) { draft in
            let text = draft.file.string
            return (SHA256Digest(of: text.utf8), Int(text.split(separator: " ")[1]) ?? 1)
        }
        expected = ranked.sorted { ($0.quality, $0.name) < ($1.quality, $1.name) }.map(\.name)
    }

    /// How many builds, and how many refusals, an answer names.
    private let most = BuildQuery.mostNamed

    private func budget(_ query: inout BuildQuery) throws {
        (query.ram, query.platform) = (try ByteSize("3GB"), .android)
    }

    @Test func theBestOfAllAreNamedAndTheRestIsCounted() throws {
        let answer = try shelf.ask(budget)
        #expect(answer.models == Array(expected.prefix(most)))
        #expect(answer.best?.estimate?.verdict == .fits)
        #expect(answer.refused.count == most && answer.omitted == 401 - 2 * most)
        #expect(answer.refused.allSatisfy { $0.reasons.contains { $0.contains("is over 3.0 GB, the budget") } })
        let json = try JSONSerialization.jsonObject(with: JSONEncoder().encode(answer)) as? [String: Any]
        #expect(json?["omitted"] as? Int == 401 - 2 * most)
    }

    @Test func aChannelAModelAndALimitNarrowItAsInASmallOne() throws {
        let even = try shelf.ask {
            try budget(&$0)
            $0.channel = "even"
        }
        #expect(even.models == Array(expected.filter { Int($0.dropFirst())! % 2 == 0 }.prefix(most)))
        let one = try shelf.ask {
            try budget(&$0)
            $0.model = "m7"
        }
        #expect(one.models == ["m7"] && one.omitted == 0)
        let small = try shelf.ask {
            try budget(&$0)
            $0.maxSize = try ByteSize("600MB")
        }
        #expect(small.models.first == expected.first { Int($0.dropFirst())! % 5 == 0 })
        let licensed = try shelf.ask { $0.license = "apache-2.0" }
        #expect(licensed.best == nil && licensed.refused.count == most)
    }

    @Test func whereFewFitAllThatAreTightFollow() throws {
        let answer = try shelf.ask {
            try budget(&$0)
            $0.ram = try ByteSize("800MB")
        }
        #expect(answer.models.count == most)
        #expect(try shelf.ask { ($0.ram, $0.platform) = (try ByteSize("150MB"), .ios) }.best == nil)
    }

    /// Ten of the best are from before it was asked whether engines can load them, and their files are no models.
    @Test func theNextBestTakeThePlacesOfThoseThatNoEngineLoads() throws {
        for index in 0..<10 {
            try shelf.add("old\(index)", gigabytes: 1, bitsPerByte: 0.01 + Double(index) / 100, isChecked: false)
        }
        // One that is as old and would not be named is not asked.
        try shelf.add("worst", gigabytes: 1, bitsPerByte: 9, isChecked: false)
        let answer = try shelf.ask(budget)
        #expect(answer.models == Array(expected.prefix(most)))
        #expect(answer.refused.count == most && answer.omitted == 412 - 2 * most)
        #expect(answer.refused.prefix(10).map(\.build) == (0..<10).map { "old\($0)@1.0.0:q4_0" })
        #expect(answer.reasons("old3")?.contains { $0.contains("this is no GGUF file") } == true)
        #expect(answer.reasons("worst") == nil)
    }
}
