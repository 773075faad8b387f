import BinaryIO
import GRDB
import Registry
import SystemPackage
import Testing

@Suite struct ModelRegistryStandingsTests {
    private func measurement(_ value: Double, text: String) -> MeasurementRecord {
        var record = someMeasurement
        (record.metric, record.value, record.textDigest) = ("bitsPerByte", value, SHA256Digest(of: text.utf8))
        return record
    }

    /// Rows of builds without bytes: `qualities` of "common", nil for the unmeasured.
    private func filled(_ scratch: Scratch, _ qualities: [Double?]) throws -> ModelRegistry {
        let registry = try scratch.registry()
        let publications = try qualities.enumerated().map { index, quality in
            var publication = try publication("/none", model: "m\(index)")
            publication.builds[0].facts.profile = #"{"shape":\#(index % 3)}"#
            publication.builds[0].measurements = quality.map { [measurement($0, text: "common")] } ?? []
            return publication
        }
        var number = 0
        try registry.fill(publications) { _ in
            number += 1
            return (SHA256Digest(of: "\(number)".utf8), number * 1000)
        }
        return registry
    }

    private func names(_ shortlist: Shortlist?) -> [String] { shortlist?.chosen.map(\.name.model) ?? [] }

    @Test func theBestComeFirstAndTheWalkEndsWhenEnoughFit() throws {
        let scratch = try Scratch()
        let registry = try filled(scratch, [3, 1, 2, nil, 5, 4])
        var asked = 0
        let found = try registry.shortlist(ShortlistRequest(count: 2)) { _ in
            asked += 1
            return .fits
        }
        #expect(names(found) == ["m1", "m2"])
        #expect(asked == 2 && found?.total == 6)
        #expect(found?.commonText == SHA256Digest(of: "common".utf8))
        #expect(names(try registry.shortlist(ShortlistRequest(count: 9)) { _ in .fits }).last == "m3", "unmeasured")
    }

    @Test func builtOfOneShapeAreJudgedOnce() throws {
        let scratch = try Scratch()
        let registry = try filled(scratch, [3, 1, 2, nil, 5, 4])
        var asked: [String] = []
        let found = try registry.shortlist(ShortlistRequest(count: 9)) { profile in
            asked.append(profile)
            return profile.contains("1") ? .refused : profile.contains("2") ? .tight : .fits
        }
        #expect(asked.count == 3)
        #expect(names(found) == ["m0", "m3", "m2", "m5"], "what fits, then what is tight")
        #expect(found?.refused.map(\.name.model) == ["m1", "m4"])
    }

    @Test func licencesDecideOnlyWhereTheyAreAskedFor() throws {
        let scratch = try Scratch()
        let registry = try filled(scratch, [1, 2])
        for (license, count) in [("mit", 2), ("MIT", 2), ("gemma", 0), (nil, 2)] {
            let request = ShortlistRequest(count: 9, license: license)
            let found = try registry.shortlist(request) { _ in .fits }
            #expect(found?.chosen.count == count && found?.refused.count == 2 - count)
        }
    }

    @Test func qualitiesThatAgreeToAThousandthAreAllTaken() throws {
        let scratch = try Scratch()
        let registry = try filled(scratch, [1.0001, 1.0002, 1.0003, 1.2])
        #expect(names(try registry.shortlist(ShortlistRequest(count: 1)) { _ in .fits }) == ["m0", "m1", "m2"])
    }

    @Test func filesThatAreTooLargeAreRefusedUnjudged() throws {
        let scratch = try Scratch()
        let registry = try filled(scratch, [1, 2, 3, 4])
        var asked = 0
        let found = try registry.shortlist(ShortlistRequest(count: 9, fileBytes: 2000)) { _ in
            asked += 1
            return .fits
        }
        #expect(names(found) == ["m0", "m1"] && asked == 2)
        #expect(found?.refused.map(\.name.model) == ["m2", "m3"])
    }

    /// The latest measurement wins, of whatever text; a build has one standing.
    @Test func aNewerMeasurementMovesABuild() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        var publication = try publication(scratch.file("a"))
        publication.builds[0].measurements = [measurement(1, text: "one")]
        try registry.publish(publication)
        publication.builds[0].measurements = [measurement(2, text: "two")]
        let build = try registry.publish(publication)[0].record
        #expect(try registry.standingCount() == 1)
        let found = try registry.shortlist(ShortlistRequest(count: 1)) { _ in .fits }
        #expect(found?.commonText == SHA256Digest(of: "two".utf8))
        let figures = try registry.figures(of: [build.digest], metrics: ["bitsPerByte"])
        #expect(figures[build.digest]?.map(\.value) == [1, 2], "oldest first")
    }

    @Test func whatAMigrationWritesIsWhatPublishingWrites() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        for (index, quality) in [3.0, 1, nil, 2].enumerated() {
            var publication = try publication(scratch.file("\(index)", count: 100 + index), model: "m\(index)")
            publication.builds[0].facts.license = "MIT"
            publication.builds[0].measurements = quality.map { [measurement($0, text: "common")] } ?? []
            try registry.publish(publication)
        }
        func rows() throws -> [Row] {
            try registry.inspectWriter { database in
                try Row.fetchAll(
                    database,
                    sql: """
                        SELECT textDigest, value, buildId, profile, rawBytes, license, builds FROM standing
                        JOIN yardstick ON yardstick.id = yardstickId JOIN shape ON shape.id = shapeId ORDER BY buildId
                        """
                )
            }
        }
        let written = try rows()
        try registry.inspectWriter { try $0.execute(sql: "DELETE FROM standing; DELETE FROM shape") }
        #expect(try registry.repair(applies: true).isWhole)
        #expect(try rows() == written && written.count == 4)
    }

    /// Queries over very many builds must never go through a table row by row.
    @Test(arguments: [
        "SELECT * FROM standing WHERE yardstickId = 1 AND rawBytes < 9 ORDER BY value, buildId",
        "SELECT value FROM standing WHERE shapeId = 1 AND yardstickId = 1 AND (value, buildId) > (1, 2) ORDER BY value, buildId",
        "SELECT value FROM channelStanding WHERE channel = 'a' AND yardstickId = 1 ORDER BY value, buildId",
        "SELECT name FROM channel WHERE versionId = 1 ORDER BY name", "SELECT * FROM channelMove WHERE modelId = 1",
        "SELECT * FROM measurement WHERE buildDigest = 'x' AND metric = 'y'",
        "SELECT * FROM fit WHERE buildDigest = 'x'",
        "SELECT * FROM build WHERE versionId = 1", "SELECT * FROM lineage WHERE toDigest = 'x'",
        "SELECT * FROM part WHERE packId = 1", "SELECT * FROM assemblyPart WHERE partId = 1",
    ])
    func questionsOfManyBuildsUseAnIndex(_ sql: String) throws {
        let scratch = try Scratch()
        try scratch.registry().inspectWriter { database in
            let plan = try Row.fetchAll(database, sql: "EXPLAIN QUERY PLAN \(sql)").map {
                $0["detail"] as String? ?? ""
            }
            #expect(plan.allSatisfy { $0.hasPrefix("SEARCH") }, "\(plan)")
        }
    }
}
