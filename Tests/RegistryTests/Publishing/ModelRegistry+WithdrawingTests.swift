import BinaryIO
import Foundation
import Registry
import SystemPackage
import Testing

@Suite struct ModelRegistryWithdrawingTests {
    private let reason = MoveReason(who: "ada", why: "a wrong licence")

    private func noise(_ scratch: Scratch, _ name: String, seed: UInt64) throws -> FilePath {
        try scratch.file(name, count: 50_000, seed: seed, compressible: false)
    }

    @Test func aWithdrawnBuildIsNoLongerOffered() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        try registry.publish(publication(noise(scratch, "a", seed: 1), type: "q8_0"))
        try registry.publish(publication(noise(scratch, "b", seed: 2), type: "q4_0"))
        let report = try registry.withdraw(version("1.0.0"), of: "tiny", type: "q8_0", because: reason, dryRun: false)
        #expect(report.builds.map(\.description) == ["tiny@1.0.0:q8_0"])
        #expect(report.isDone && report.collectableBytes == 50_000)
        #expect(try registry.builds().map(\.name.type) == ["q4_0"])
        #expect(try registry.versions().map(\.types) == [["q4_0"]])
        #expect(try registry.storage().builds == 1)
        #expect(try registry.standingCount() == 1)
        #expect(refusal { _ = try registry.build(named: BuildName("tiny@1.0.0:q8_0")) } != nil)
        #expect(refusal { try registry.pull(BuildName("tiny@1.0.0:q8_0"), to: scratch.folder.appending("x")) } != nil)
    }

    @Test func aDryRunSaysTheSameAndChangesNothing() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        try registry.publish(publication(noise(scratch, "a", seed: 1)))
        let before = try registry.auditEntries()
        let said = try registry.withdraw(version("1.0.0"), of: "tiny", because: reason, dryRun: true)
        #expect(try registry.builds().count == 1 && registry.auditEntries() == before)
        var done = try registry.withdraw(version("1.0.0"), of: "tiny", because: reason, dryRun: false)
        done.isDone = false
        #expect(said == done)
    }

    @Test func whoAndWhyStayInTheAuditLog() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        try registry.publish(publication(noise(scratch, "a", seed: 1)))
        try registry.withdraw(version("1.0.0"), of: "tiny", because: reason, dryRun: false)
        let line = try #require(try registry.auditEntries().last)
        #expect(line.action == "delete" && line.subject == "tiny@1.0.0:q4_k_m")
        #expect(line.detail.contains("ada") && line.detail.contains("a wrong licence"))
        #expect(try registry.verify(readData: true).isSound)
        let empty = MoveReason(who: "ada", why: "")
        #expect(refusal { try registry.withdraw(version("1.0.0"), of: "tiny", because: empty, dryRun: true) } != nil)
    }

    @Test func aVersionThatChannelsPointToIsRefusedWithTheirNames() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        try registry.publish(publication(noise(scratch, "a", seed: 1), channel: "stable"))
        try registry.setChannel("beta", of: "tiny", to: version("1.0.0"), because: reason)
        let error = refusal { try registry.withdraw(version("1.0.0"), of: "tiny", because: reason, dryRun: false) }
        #expect(error == .pointedTo("tiny@1.0.0", channels: ["beta", "stable"]))
        #expect(error?.description.contains("beta, stable point to it") == true)
        #expect(try registry.builds().count == 1)
    }

    @Test func aProjectorStaysWhileBuildsSeeWithIt() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        try registry.publish(publication(noise(scratch, "a", seed: 1), type: "mmproj-f16"))
        try registry.publish(publication(noise(scratch, "b", seed: 2), type: "q4_0"))
        let (release, projector) = (try version("1.0.0"), "mmproj-f16")
        func withdraw(_ type: String?) throws {
            try registry.withdraw(release, of: "tiny", type: type, because: reason, dryRun: false)
        }
        let error = refusal { try withdraw(projector) }
        #expect(error == .needed(try BuildName("tiny@1.0.0:mmproj-f16"), by: [try BuildName("tiny@1.0.0:q4_0")]))
        #expect(error?.description.contains("tiny@1.0.0:q4_0 sees with it") == true)
        try withdraw("q4_0")
        try withdraw(projector)
        #expect(try registry.builds().isEmpty)
    }

    @Test func aVersionLeavesWithItsProjector() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        try registry.publish(publication(noise(scratch, "a", seed: 1), type: "mmproj-f16"))
        try registry.publish(publication(noise(scratch, "b", seed: 2), type: "q4_0"))
        #expect(try registry.standingCount() == 1, "what models see with is ranked with none")
        #expect(try registry.resolve(BuildReference("tiny")).name.type == "q4_0")
        #expect(try registry.resolve(BuildReference("tiny:mmproj-f16")).name.isProjector)
        try registry.withdraw(version("1.0.0"), of: "tiny", because: reason, dryRun: false)
        #expect(try registry.builds().isEmpty)
    }

    @Test func aChannelCannotPointToAVersionThatIsGone() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        try registry.publish(publication(noise(scratch, "a", seed: 1)))
        try registry.withdraw(version("1.0.0"), of: "tiny", because: reason, dryRun: false)
        #expect(refusal { try registry.setChannel("stable", of: "tiny", to: version("1.0.0"), because: reason) } != nil)
        #expect(refusal { try registry.withdraw(version("1.0.0"), of: "tiny", because: reason, dryRun: false) } != nil)
    }

    @Test func theNameStaysTakenAndTheSameBytesBringItBack() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        let first = try publication(noise(scratch, "a", seed: 1))
        let build = try registry.publish(first)[0].record
        try registry.withdraw(version("1.0.0"), of: "tiny", because: reason, dryRun: false)
        #expect(try registry.collectLeftovers(olderThan: 0, dryRun: false).count == 1)
        let other = try publication(noise(scratch, "b", seed: 2))
        guard case .conflict? = refusal({ try registry.publish(other) }) else {
            Issue.record("other bytes took the name of a withdrawn build")
            return
        }
        #expect(try registry.publish(first)[0].isNew)
        #expect(try registry.builds().map(\.digest) == [build.digest])
        #expect(try registry.standingCount() == 1)
        let report = try registry.verify(readData: true)
        #expect(report.isSound && report.leftovers.isEmpty)
    }

    /// Two names of the same bytes, and two builds that share parts: what one of them needs stays.
    @Test(arguments: [true, false])
    func onlyWhatNobodyNeedsIsCollected(_ inParts: Bool) throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        let shared = try contents(of: noise(scratch, "s", seed: 1))
        let own = try contents(of: noise(scratch, "o", seed: 2))
        try writeFile(shared, to: scratch.folder.appending("one"))
        try writeFile(shared + own, to: scratch.folder.appending("two"))
        for (name, number) in [("one", "1.0.0"), ("two", "2.0.0"), ("one", "3.0.0")] {
            var publication = try publication(scratch.folder.appending(name), version: number)
            if inParts {
                publication.builds[0].cuts = [PartCut(offset: 0), PartCut(offset: 50_000)].dropLast(
                    name == "one" ? 1 : 0
                )
            }
            try registry.publish(publication)
        }
        func withdraw(_ text: String) throws -> Int {
            let report = try registry.withdraw(version(text), of: "tiny", because: reason, dryRun: false)
            let removed = try registry.collectLeftovers(olderThan: 0, dryRun: false).reduce(0) { $0 + $1.bytes }
            #expect(report.collectableBytes == removed)
            #expect(try registry.verify(readData: true).isSound)
            return removed
        }
        #expect(try withdraw("1.0.0") == 0, "the same bytes have another name")
        #expect(try withdraw("2.0.0") == (inParts ? 50_000 : 100_000))
        #expect(try withdraw("3.0.0") == 50_000)
        #expect(try registry.builds().isEmpty)
        // Everything comes back from the files.
        var again = try publication(scratch.folder.appending("two"), version: "2.0.0")
        if inParts { again.builds[0].cuts = [PartCut(offset: 50_000)] }
        try registry.publish(again)
        #expect(try registry.verify(readData: true).isSound)
    }
}
