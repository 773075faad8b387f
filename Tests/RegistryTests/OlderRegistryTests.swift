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
}
