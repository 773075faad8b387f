import BinaryIO
import Foundation
import Registry
import SystemPackage
import TestSupport
import Testing

/// Registries that earlier programs wrote, kept as they were: they open, verify, pull, and take new builds.
@Suite struct OlderRegistryTests {
    private func copy(_ name: String, into scratch: Scratch) throws {
        let fixture = Goldens.packageRoot.appending("Tests/Goldens/registries").appending(name)
        try FileManager.default.copyItem(atPath: fixture.string, toPath: scratch.database.string)
        try FileManager.default.copyItem(atPath: fixture.string + ".objects", toPath: scratch.objects.string)
    }

    /// From before objects could lie in parts.
    @Test(arguments: [ModelRegistry.Mode.readOnly, .openExisting])
    func oneFromBeforePartsIsWhole(_ mode: ModelRegistry.Mode) throws {
        let scratch = try Scratch()
        try copy("before-parts.db", into: scratch)
        let registry = try scratch.registry(mode)
        let builds = try registry.builds()
        #expect(
            builds.map(\.name.description).sorted() == [
                "small@1.0.0:q4_0", "small@1.0.0:q8_0", "small@1.1.0:q4_0", "small@1.1.0:q8_0",
            ]
        )
        for build in builds {
            #expect(build.encoding == .zstd)
            let target = scratch.folder.appending("out")
            try registry.pull(build.name, to: target)
            #expect(try SHA256Digest(ofFile: target) == build.digest)
        }
        let report = try registry.verify(readData: true)
        #expect(report.isSound && report.leftovers.isEmpty)
        #expect(try registry.storage().parts == 0)
        #expect(try registry.channelHistory(of: "small").map(\.reason.who).last == "ada")
    }

    @Test func oneFromBeforePartsTakesBuildsInParts() throws {
        let scratch = try Scratch()
        try copy("before-parts.db", into: scratch)
        let registry = try scratch.registry(.openExisting)
        let before = try registry.builds()
        var publication = try publication(scratch.file("a"), model: "small", version: "1.2.0")
        publication.builds[0].cuts = [PartCut(offset: 1000)]
        #expect(try registry.publish(publication)[0].record.encoding == .parts)
        #expect(try registry.builds(matching: BuildFilter(model: "small")).suffix(before.count) == before[...])
        #expect(try registry.verify(readData: true).isSound)
    }

    /// From before there were standings and withdrawals, with parts, measurements, a channel and a signature.
    @Test(arguments: [ModelRegistry.Mode.readOnly, .openExisting])
    func oneFromBeforeStandingsIsWhole(_ mode: ModelRegistry.Mode) throws {
        let scratch = try Scratch()
        try copy("before-standings.db", into: scratch)
        let registry = try scratch.registry(mode)
        let builds = try registry.builds()
        #expect(builds.map(\.name.description) == ["other@1.0.0:f32", "small@1.1.0:f32", "small@1.0.0:f32"])
        let report = try registry.verify(readData: true)
        #expect(report.isSound && report.leftovers.isEmpty)
        #expect(try registry.versions().count == 3)
        #expect(
            try registry.builds(matching: BuildFilter(channel: "stable")).map(\.name.version.description) == ["1.0.0"]
        )
        #expect(try registry.damagedObjects().isEmpty)
        #expect(try registry.storage().builds == 3)
        #expect(try registry.repair(applies: false).isWhole)
        #expect(try registry.standingCount() == (mode == .readOnly ? nil : 3))
        let found = try registry.shortlist(ShortlistRequest(count: 5)) { _ in .fits }
        #expect(found?.chosen.count == (mode == .readOnly ? nil : 3))
    }

    @Test func oneFromBeforeStandingsGivesABuildUpAndTakesItBack() throws {
        let scratch = try Scratch()
        try copy("before-standings.db", into: scratch)
        let registry = try scratch.registry(.openExisting)
        let reason = MoveReason(who: "ada", why: "a test")
        try registry.withdraw(version("1.1.0"), of: "small", because: reason, dryRun: false)
        #expect(try registry.collectLeftovers(olderThan: 0, dryRun: false).count == 1)
        #expect(try registry.verify(readData: true).isSound)
        #expect(try registry.builds().count == 2)
    }
}
