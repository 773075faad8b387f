import BinaryIO
import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import Site

@Suite struct SiteFolderTests {
    private let scratch: ScratchFolder
    private var root: FilePath { scratch.appending("site") }

    init() throws { scratch = try ScratchFolder() }

    @Test func twoExportsAtOnceAreRefused() throws {
        let first = try SiteFolder(root)
        #expect(throws: SiteExportError.busy(root)) { try SiteFolder(root) }
        withExtendedLifetime(first) {}
    }

    @Test func theLockGoesWithWhoHeldIt() throws {
        _ = try SiteFolder(root)
        _ = try SiteFolder(root)
    }

    @Test func aFileThatNoExportWroteIsNotReplaced() throws {
        try scratch.write("mine", to: "site/index.html")
        let folder = try SiteFolder(root)
        #expect(throws: SiteExportError.foreignFile(root.appending("index.html"))) { try folder.begin(["index.html"]) }
    }

    @Test func whatAKilledExportPlannedIsKnownToTheNextOne() throws {
        // Killed after the first file: the list on the disk knows the names only.
        do {
            let first = try SiteFolder(root)
            try first.begin(["a/one.html", "two.html"])
            try first.write(Array("1".utf8), to: "a/one.html")
        }
        let second = try SiteFolder(root)
        try second.begin(["two.html"])
        try second.write(Array("2".utf8), to: "two.html")
        try second.finish()
        #expect(second.removed == 1)
        #expect(try scratch.listing().contains { $0.hasPrefix("site/a") } == false)
    }

    @Test func leftoversOfAKilledExportGo() throws {
        try scratch.write("half", to: "site/.edgepipe-site/incoming/7")
        _ = try SiteFolder(root)
        #expect(FileStatus(root.pushing(".edgepipe-site/incoming/7")) == nil)
    }

    @Test(arguments: [
        "no JSON", "[]", "{\"version\":2,\"files\":{}}", "{\"version\":1}",
        "{\"version\":1,\"files\":{\"../x\":{\"size\":1,\"modified\":1}}}",
        "{\"version\":1,\"files\":{\"/etc/x\":{\"size\":1,\"modified\":1}}}",
        "{\"version\":1,\"files\":{\"a//b\":{\"size\":1,\"modified\":1}}}",
        "{\"version\":1,\"files\":{\"\":{\"size\":1,\"modified\":1}}}",
        "{\"version\":1,\"files\":{\".git/config\":{\"size\":1,\"modified\":1}}}",
        "{\"version\":1,\"files\":{\"a/./b\":{\"size\":1,\"modified\":1}}}",
        "{\"version\":1,\"files\":{\"a\":{\"sha256\":\"x\",\"size\":1,\"modified\":1}}}",
    ])
    func aListThatNoExportWroteRemovesNothing(_ text: String) throws {
        try scratch.write(text, to: "site/.edgepipe-site/files.json")
        #expect(throws: SiteExportError.self) { try SiteFolder(root) }
        // Nobody holds the lock after that.
        try scratch.write("{\"version\":1,\"files\":{}}", to: "site/.edgepipe-site/files.json")
        _ = try SiteFolder(root)
    }

    @Test func aFolderOfARegistryIsRefused() throws {
        let sample = try SiteSample.usual()
        #expect(throws: FileError.self) { try SiteFolder(sample.scratch.appending("registry.db.objects")) }
    }
}
