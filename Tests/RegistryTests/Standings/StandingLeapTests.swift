import BinaryIO
import GRDB
import Registry
import SystemPackage
import TestSupport
import Testing

/// However soon a walk stops to go one by one, and however old the registry is, it finds the same builds in the same order.
@Suite struct StandingLeapTests {
    /// Builds with every circumstance that a walk heeds: several texts and none, ties, licences, sizes within a shape, channels.
    private func filled(_ scratch: Scratch, _ random: inout SeededRandom) throws -> ModelRegistry {
        let registry = try scratch.registry()
        var publications: [Publication] = []
        for index in 0..<400 {
            var publication = try publication("/none", model: "m\(index / 2)", version: "1.\(index % 2).0")
            publication.builds[0].facts.profile = #"{"shape":\#(random.next() % 23)}"#
            publication.builds[0].facts.license = ["MIT", "apache-2.0", "gemma"][Int(random.next() % 3)]
            var measurement = someMeasurement
            measurement.metric = "bitsPerByte"
            measurement.value = 1 + Double(random.next() % 300) / 2000
            let text = ["common", "common", "common", "other", "third"][Int(random.next() % 5)]
            measurement.textDigest = SHA256Digest(of: text.utf8)
            publication.builds[0].measurements = random.next() % 6 == 0 ? [] : [measurement]
            publication.channel = [nil, "stable", "rare"][random.next() % 40 == 0 ? 2 : Int(random.next() % 2)]
            publications.append(publication)
        }
        var number = 0
        try registry.fill(publications) { _ in
            number += 1
            return (SHA256Digest(of: "\(number)".utf8), 1000 + Int(random.next() % 4000))
        }
        // No channel points to it: those that are pointed to cannot leave.
        _ = try registry.withdraw(
            try version("1.0.0"),
            of: publications.last { $0.channel == nil && $0.version.description == "1.0.0" }?.model ?? "",
            because: MoveReason(who: "test", why: "a test"),
            dryRun: false
        )
        return registry
    }

    private func forgetMigration(_ registry: ModelRegistry) throws {
        try registry.inspectWriter { database in
            for trigger in [
                "standing_narrowed", "standing_widened", "channel_pointed", "channel_moved", "channel_dropped",
            ] {
                try database.execute(sql: "DROP TRIGGER \(trigger)")
            }
            try database.execute(sql: "DROP TABLE channelStanding")
        }
    }

    private struct Found: Equatable {
        var chosen: [String]
        var refused: [String]
        var text: SHA256Digest?
        var total: Int
    }

    private func find(_ registry: ModelRegistry, _ request: ShortlistRequest, seed: UInt64) throws -> Found? {
        try registry.shortlist(request) { profile in
            // The same shape always has the same fate.
            var random = SplitMix64(seed: seed ^ UInt64(profile.utf8.reduce(0) { $0 &* 31 &+ UInt($1) }))
            return [.fits, .tight, .refused, .refused][Int(random.next() % (seed % 3 == 0 ? 4 : 3))]
        }.map {
            Found(
                chosen: $0.chosen.map(\.name.description),
                refused: $0.refused.map(\.name.description),
                text: $0.commonText,
                total: $0.total
            )
        }
    }

    @Test func aWalkThatLeapsFindsWhatOneThatGoesOnFinds() throws {
        let scratch = try Scratch()
        var random = SeededRandom.printed()
        let registry = try filled(scratch, &random)
        #expect(try registry.verify(readData: false).damages.filter { $0.detail.contains("tanding") }.isEmpty)
        var requests: [(ShortlistRequest, UInt64)] = []
        for _ in 0..<120 {
            var request = ShortlistRequest(count: 1 + Int(random.next() % 70))
            request.channel = [nil, nil, "stable", "rare", "none"][Int(random.next() % 5)]
            request.fileBytes = [nil, 900, 2000, 3500, 9000][Int(random.next() % 5)]
            request.license = [nil, nil, "mit", "Gemma"][Int(random.next() % 4)]
            requests.append((request, random.next() >> 8))
        }
        var expected: [Found?] = []
        for (request, fates) in requests {
            var request = request
            request.patience = .max
            let whole = try find(registry, request, seed: fates)
            expected.append(whole)
            for patience in [0, 1, 17, 150] {
                request.patience = patience
                #expect(try find(registry, request, seed: fates) == whole, "\(request), fates \(fates)")
            }
        }
        try forgetMigration(registry)
        for (index, (request, fates)) in requests.enumerated() {
            #expect(try find(registry, request, seed: fates) == expected[index], "older, \(request)")
        }
    }

    @Test func channelsThatMoveAndBuildsThatLeaveTakeTheirStandingsAlong() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        for version in ["1.0.0", "1.1.0"] {
            try registry.publish(
                try publication(scratch.file(version, seed: version == "1.0.0" ? 1 : 2), version: version, channel: "a")
            )
        }
        func standings() throws -> [String] {
            try registry.inspectWriter { database in
                try String.fetchAll(
                    database,
                    sql: """
                        SELECT channel || ' ' || version.name FROM channelStanding
                        JOIN build ON build.id = buildId JOIN version ON version.id = versionId ORDER BY 1
                        """
                )
            }
        }
        #expect(try standings() == ["a 1.1.0"])
        try registry.setChannel("b", of: "tiny", to: try version("1.0.0"), because: MoveReason(who: "me", why: "test"))
        try registry.setChannel("a", of: "tiny", to: try version("1.0.0"), because: MoveReason(who: "me", why: "test"))
        #expect(try standings() == ["a 1.0.0", "b 1.0.0"])
        var again = try publication(scratch.file("1.0.0", seed: 1), version: "1.0.0")
        again.builds[0].measurements = [someMeasurement]
        try registry.publish(again)
        #expect(try standings() == ["a 1.0.0", "b 1.0.0"])
        #expect(try registry.verify(readData: true).isSound)
        try registry.inspectWriter { try $0.execute(sql: "DELETE FROM channelStanding WHERE channel = 'b'") }
        let damages = try registry.verify(readData: false).damages.map(\.detail)
        #expect(damages.contains { $0.hasPrefix("channelStanding: 1 rows") }, "\(damages)")
        #expect(try registry.repair(applies: true).isWhole)
        #expect(try standings() == ["a 1.0.0", "b 1.0.0"])
    }
}
