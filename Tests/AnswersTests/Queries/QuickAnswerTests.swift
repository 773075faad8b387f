import Answers
import BinaryIO
import DeviceFit
import Foundation
import Registry
import SystemPackage
import TestSupport
import Testing

/// A registry of some hundred random builds: the answer that looks at few of them, and the one that ranks all.
@Suite struct QuickAnswerTests {
    private func filled(_ random: inout SeededRandom) throws -> Shelf {
        let shelf = try Shelf()
        try shelf.add("template", gigabytes: 1)
        let template = try #require(try shelf.registry.builds().first)
        var publications: [Publication] = []
        for index in 0..<500 {
            let bytes = 100_000_000 * Int.random(in: 2...40, using: &random)
            var facts = template.facts
            // A weight of Q4_0 has 4.5 bits, and estimates go by the weights as well as by the bytes.
            facts.profile = facts.profile.replacing("1000000000", with: "\(bytes)")
                .replacing("2000000000", with: "\(bytes * 16 / 9)")
            facts.license = ["MIT", "apache-2.0"].randomElement(using: &random) ?? ""
            var draft = BuildDraft(type: "q4_0", file: FilePath("/\(index) \(bytes)"), facts: facts)
            let isMeasured = Int.random(in: 0..<8, using: &random) > 0
            let measurement = MeasurementRecord(
                metric: "bitsPerByte",
                // In steps that a ranking does not tell apart, so that some are ties.
                value: 0.5 + Double(Int.random(in: 0..<600, using: &random)) / 2000,
                unit: "bit/byte",
                method: "test",
                textDigest: SHA256Digest(of: (Int.random(in: 0..<9, using: &random) == 0 ? "other" : "common").utf8),
                kernels: "swift",
                toolVersion: "0"
            )
            draft.measurements = isMeasured ? [measurement] : []
            publications.append(
                Publication(
                    model: "m\(index)",
                    version: try ModelVersion(parsing: "1.0.0"),
                    builds: [draft],
                    channel: Bool.random(using: &random) ? "stable" : nil,
                    toolVersion: "0"
                )
            )
        }
        try shelf.registry.fill(publications) { draft in
            let text = draft.file.string
            return (SHA256Digest(of: text.utf8), Int(text.split(separator: " ")[1]) ?? 1)
        }
        return shelf
    }

    @Test func theQuickAnswerIsTheBeginningOfTheWholeOne() throws {
        var random = SeededRandom.printed()
        let shelf = try filled(&random)
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        for round in 0..<40 {
            var query = BuildQuery()
            query.channel = Bool.random(using: &random) ? "stable" : nil
            query.license = [nil, nil, "mit"].randomElement(using: &random) ?? nil
            query.maxSize = Int.random(in: 0..<3, using: &random) == 0 ? try ByteSize("1.5GB") : nil
            if round % 4 > 0 {
                query.ram = ByteSize(bytes: 100_000_000 * Int.random(in: 2...50, using: &random))
                query.platform = .android
                query.minSpeed = [nil, nil, 5, 30].randomElement(using: &random) ?? nil
            }
            let whole = try query.answer(from: shelf.session, ranking: .all)
            let walked = try query.answer(from: shelf.session, ranking: .few(patience: .max))
            for patience in [0, 3, 100] {
                let quick = try query.answer(from: shelf.session, ranking: .few(patience: patience))
                #expect(try encoder.encode(quick) == encoder.encode(walked), "\(query)")
            }
            let common = SHA256Digest(of: "common".utf8)
            let comparable = ([whole.best].compactMap { $0 } + whole.alternatives).prefix(BuildQuery.mostNamed)
                .prefix { $0.textSha256 == common && $0.estimate?.verdict != .tight }.map(\.build)
            let named = ([walked.best].compactMap { $0 } + walked.alternatives).map(\.build)
            #expect(Array(named.prefix(comparable.count)) == comparable, "\(query)")
            let all = whole.alternatives.count + (whole.best == nil ? 0 : 1) + whole.refused.count
            #expect(named.count + walked.refused.count + walked.omitted == all, "\(query)")
            let reasons = Dictionary(uniqueKeysWithValues: whole.refused.map { ($0.build, $0.reasons) })
            #expect(walked.refused.allSatisfy { reasons[$0.build] == $0.reasons }, "\(query)")
        }
    }
}
