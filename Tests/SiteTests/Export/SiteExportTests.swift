import Answers
import BinaryIO
import Briefs
import Foundation
import Registry
import Site
import StepsTestSupport
import SystemPackage
import TestSupport
import Testing

@Suite struct SiteExportTests {
    /// A registry that a pipeline filled, so that reports can be written too.
    private struct Place {
        let run: TinyRun
        let folder: FilePath
        var export = SiteExport()

        init() throws {
            run = try TinyRun()
            try run.run()
            folder = run.scratch.appending("site")
            export.languages = [.english]
        }

        @discardableResult func write() throws -> SiteReport {
            try RegistrySession.with(run.registry) { try export.write($0, to: folder) { _, _, _ in } }
        }

        func json(_ path: String) throws -> [String: Any] {
            let data = try Data(contentsOf: URL(fileURLWithPath: file(path).string))
            return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        }

        func file(_ path: String) -> FilePath { folder.pushing(FilePath(path)) }

        /// Everything but the list and the lock, with sizes and times.
        func listing() throws -> [String] {
            try run.scratch.listing().filter { $0.hasPrefix("site/") && !$0.contains(SiteFolder.stateFolder) }
        }
    }

    @Test func aSiteHasItsPagesItsAnswersAndTheBuildsFiles() throws {
        var place = try Place()
        place.export.languages = [.english, .russian, .english]
        let report = try place.write()
        #expect(report.builds == 2 && report.written == report.files && report.removed == 0)
        for path in [
            "index.html", "ru/index.html", "models/tiny/index.html", "models/tiny/1.0.0/index.html",
            "builds/tiny/1.0.0/q8_0/index.html", "best/index.html", "best/android/1.5gb.html",
            "best/device/pixel-8.html",
            "best/ios/16gb.json", "api/v1/builds.json", "api/v1/devices.json", "_headers",
        ] {
            #expect(FileStatus(place.file(path)) != nil, "\(path)")
        }
        for (_, digest) in try place.run.published() {
            #expect("\(try SHA256Digest(ofFile: place.file("blobs/sha256/\(digest)")))" == digest)
        }
    }

    @Test func anAnswerIsTheQuerysWithDownloads() throws {
        let place = try Place()
        try place.write()
        var document = try place.json("best/android/3gb.json")
        var best = try #require(document["best"] as? [String: Any])
        let download = try #require(best.removeValue(forKey: "download") as? [String: Any])
        let digest = try #require(best["sha256"] as? String)
        #expect(download["url"] as? String == "../../blobs/sha256/\(digest)")
        #expect(download["parts"] as? String == "../../parts/\(digest).json")
        document["best"] = best
        document["alternatives"] = (document["alternatives"] as? [[String: Any]])?.map { build in
            build.filter { $0.key != "download" }
        }
        let query = try BuildQuery(ram: "3GB", platform: "android", maxSize: nil)
        let own = try RecordText.json(try TestRegistry(place.run.registry).answer(query))
        let wanted = try JSONSerialization.jsonObject(with: Data(own.utf8)) as? NSDictionary
        #expect(wanted == document as NSDictionary)
    }

    @Test func partsFollowEachOtherAndHaveTheirDigests() throws {
        let place = try Place()
        try place.write()
        for (_, digest) in try place.run.published() {
            let list = try JSONDecoder().decode(
                PartList.self,
                from: Data(contentsOf: URL(fileURLWithPath: place.file("parts/\(digest).json").string))
            )
            let bytes = try Data(contentsOf: URL(fileURLWithPath: place.file("blobs/sha256/\(digest)").string))
            #expect(list.build == "sha256:\(digest)" && list.size == bytes.count)
            var end = 0
            for part in list.parts {
                #expect(part.at == end)
                #expect(SHA256Digest(of: bytes[end..<(end + part.size)]) == part.sha256)
                end += part.size
            }
            #expect(end == bytes.count)
        }
    }

    @Test func theSameSiteAgainWritesNothing() throws {
        let place = try Place()
        try place.write()
        let before = try place.listing()
        let report = try place.write()
        #expect(report.written == 0 && report.removed == 0 && report.kept == report.files)
        #expect(try place.listing() == before)
    }

    @Test func whatWasWithdrawnGoesAndWhatSomebodyElsePutThereStays() throws {
        let place = try Place()
        try place.write()
        try place.run.scratch.write("models.example", to: "site/CNAME")
        let digest = try #require(try place.run.published()["tiny@1.0.0:q4_k_m"])
        // A version that a channel points to is not withdrawn.
        let kept = try #require(try place.run.published()["tiny@1.0.0:q8_0"])
        try TestRegistry(place.run.registry).importFile(place.file("blobs/sha256/\(kept)"), as: "tiny@2.0.0:q8_0")
        try RegistrySession.with(place.run.registry, .changing) {
            let reason = MoveReason(who: "test", why: "test")
            _ = try $0.promote("tiny@2.0.0", to: "candidate", expecting: nil, because: reason)
        }
        try place.write()
        try RegistrySession.with(place.run.registry, .changing) {
            _ = try $0.delete("tiny@1.0.0:q4_k_m", because: MoveReason(who: "test", why: "test"), applies: true)
        }
        let report = try place.write()
        #expect(report.removed == 3, "a file, its parts, and its page")
        #expect(FileStatus(place.file("blobs/sha256/\(digest)")) == nil)
        #expect(FileStatus(place.file("builds/tiny/1.0.0/q4_k_m")) == nil)
        #expect(FileStatus(place.file("CNAME")) != nil)
    }

    @Test func aFileThatWasChangedSinceIsWrittenAgain() throws {
        let place = try Place()
        try place.write()
        try place.run.scratch.write("something else", to: "site/best/index.html")
        let digest = try #require(try place.run.published()["tiny@1.0.0:q8_0"])
        try FileManager.default.removeItem(atPath: place.file("blobs/sha256/\(digest)").string)
        try place.run.scratch.write("damaged", to: "site/blobs/sha256/\(digest)")
        #expect(try place.write().written == 2)
        #expect("\(try SHA256Digest(ofFile: place.file("blobs/sha256/\(digest)")))" == digest)
    }

    @Test func aBuildsFileIsKeptByItsDigestWhereTheListWasLost() throws {
        let place = try Place()
        try place.write()
        let other = place.run.scratch.appending("other")
        try FileManager.default.createDirectory(atPath: other.string, withIntermediateDirectories: true)
        let list = place.file(SiteFolder.stateFolder).appending("files.json")
        let text = try String(contentsOf: URL(fileURLWithPath: list.string), encoding: .utf8)
        // As after a kill before the list was written again: planned, and no more is known.
        let forgotten = text.replacing(try Regex("\"sha256\":\"[0-9a-f]{64}\",")) { _ in "" }
        try forgotten.write(toFile: list.string, atomically: true, encoding: .utf8)
        let report = try place.write()
        #expect(report.kept >= 2, "the builds' files are read and kept")
    }

    @Test func withoutFilesThereIsNothingToDownload() throws {
        var place = try Place()
        place.export.hasBlobs = false
        place.export.languages = [.russian]
        try place.write()
        #expect(FileStatus(place.file("blobs")) == nil && FileStatus(place.file("ru")) == nil)
        #expect(try (place.json("best/ios/3gb.json")["best"] as? [String: Any])?["download"] is NSNull)
        let page = try String(contentsOfFile: place.file("builds/tiny/1.0.0/q8_0/index.html").string, encoding: .utf8)
        #expect(!page.contains("download=") && page.contains("lang=\"ru\""))
    }

    @Test func addressesAreWholeWhereTheSitesIsKnown() throws {
        var place = try Place()
        place.export.baseURL = "https://models.example/edge/"
        try place.write()
        let best = try #require(try place.json("best/ios/3gb.json")["best"] as? [String: Any])
        let digest = try #require(best["sha256"] as? String)
        #expect(
            (best["download"] as? [String: Any])?["url"] as? String
                == "https://models.example/edge/blobs/sha256/\(digest)"
        )
        let page = try String(contentsOfFile: place.file("builds/tiny/1.0.0/q8_0/index.html").string, encoding: .utf8)
        #expect(page.contains("curl --fail") && page.contains("https://models.example/edge/blobs/sha256/"))
    }

    @Test(arguments: [
        "models.example", "ftp://x", "https://", "https://x/?a", "https://x/#a", "https://x y", "javascript:alert(1)",
        "https://x\"y",
    ])
    func otherAddressesAreRefused(_ address: String) throws {
        let sample = try SiteSample()
        var export = SiteExport()
        export.baseURL = address
        #expect(throws: SiteExportError.badAddress(address)) {
            try export.write(sample.session, to: sample.scratch.appending("site")) { _, _, _ in }
        }
    }

    @Test func anUnknownModelIsASlip() throws {
        let sample = try SiteSample.usual()
        var export = SiteExport()
        export.scope.model = "phi4"
        #expect(throws: NothingFits.self) {
            try export.write(sample.session, to: sample.scratch.appending("site")) { _, _, _ in }
        }
    }

    @Test func stoppedAnywhereTheNextExportMakesTheSameSite() throws {
        struct Stop: Error {}
        let place = try Place()
        try place.write()
        let whole = try names(of: place.folder)
        let other = place.run.scratch.appending("stopped")
        for limit in [0, 1, 2, 5, 20, 60, 100, 180, 300, 450] {
            let count = Mutexed(0)
            do {
                try RegistrySession.with(place.run.registry) { session in
                    _ = try place.export.write(session, to: other) { _, _, _ in
                        count.change { $0 += 1 }
                        if count.value > limit { throw Stop() }
                    }
                }
            } catch is Stop {}
        }
        try RegistrySession.with(place.run.registry) { _ = try place.export.write($0, to: other) { _, _, _ in } }
        #expect(try names(of: other) == whole)
    }

    private func names(of folder: FilePath) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: folder.string).filter { !$0.hasPrefix(".") }.sorted().map {
            name in
            let path = folder.pushing(FilePath(name))
            return FileStatus(path)?.isFolder == true ? name : "\(name) \(try SHA256Digest(ofFile: path))"
        }
    }
}
