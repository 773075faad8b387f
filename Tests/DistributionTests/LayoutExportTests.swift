import Answers
import BinaryIO
import Distribution
import Foundation
import Pipeline
import Registry
import StepsTestSupport
import SystemPackage
import TestSupport
import Testing
import edgepipe

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

@Suite struct LayoutExportTests {
    private let run: TinyRun
    private let folder: FilePath

    init() throws {
        run = try TinyRun()
        try run.run()
        folder = run.scratch.appending("exported")
    }

    private func export(_ names: [String] = []) throws -> TransferReport {
        try TestRegistry(run.registry).export(names, to: folder)
    }

    private func imported(into name: String = "other.db") throws -> FilePath {
        let registry = run.scratch.appending(name)
        try RegistryCare.initialize(registry)
        _ = try TestRegistry(registry).importLayout(folder)
        return registry
    }

    @Test func whatIsExportedComesBackWithEverythingKnownOfIt() throws {
        let report = try export()
        #expect(Set(report.builds) == Set(try run.published().keys))
        let other = try imported()
        for (name, digest) in try run.published() {
            let (before, after) = (
                try TestRegistry(run.registry).details(of: name), try TestRegistry(other).details(of: name)
            )
            #expect(after.build.digest.description == digest)
            #expect(after.build.facts == before.build.facts)
            #expect(Set(after.measurements) == Set(before.measurements))
            #expect(Set(after.fits) == Set(before.fits))
            #expect(Set(after.lineage) == Set(before.lineage))
            #expect(after.tensorErrors == before.tensorErrors && before.tensorErrors?.isEmpty == name.hasSuffix(":f16"))
            // The blob is the file itself, under its own digest.
            let blob = folder.appending("blobs/sha256").appending(digest)
            #expect(try SHA256Digest(ofFile: blob).description == digest)
        }
        #expect(try TestRegistry(other).verify(readData: true).isSound)
        // Again, into the same folder and the same registry: nothing changes.
        let index = try readFile(folder.appending("index.json"), limit: 1 << 20)
        _ = try export()
        #expect(Set(index) == Set(try readFile(folder.appending("index.json"), limit: 1 << 20)))
        _ = try TestRegistry(other).importLayout(folder)
    }

    @Test func oneBuildIsEnough() throws {
        let name = try #require(try run.published().keys.min())
        #expect(try export([name]).builds == [name])
        #expect(try TestRegistry(imported()).builds().map { "\($0.name)" } == [name])
    }

    /// What an older version published was not asked whether it loads. Here it is, and that is noted.
    @Test func aBuildThatIsImportedIsNotedToLoad() throws {
        let name = try #require(try run.published().keys.min())
        let file = run.scratch.appending("pulled.gguf")
        _ = try TestRegistry(run.registry).pull(name, to: file)
        var facts = try TestRegistry(run.registry).details(of: name).build.facts
        #expect(facts.profile.contains("\"loads\":true"))
        facts.profile = facts.profile.replacing("\"loads\":true,", with: "")
        let older = try ModelRegistry(path: run.scratch.appending("older.db"), mode: .create)
        let build = try BuildName(name)
        let draft = BuildDraft(type: build.type, file: file, facts: facts)
        try older.publish(Publication(model: build.model, version: build.version, builds: [draft], toolVersion: "0"))
        try older.close()
        _ = try TestRegistry(run.scratch.appending("older.db")).export([], to: folder)
        #expect(try TestRegistry(imported()).details(of: name).build.facts.profile.contains("\"loads\":true"))
    }

    private var manager: FileManager { .default }

    private func replace(_ path: FilePath, _ body: (String) throws -> Void) throws {
        try manager.removeItem(atPath: path.string)
        try body(path.string)
    }

    @Test(.timeLimit(.minutes(1)), arguments: ["/dev/zero", "fifo", "missing"])
    func whatIsNoLayoutIsRefused(_ name: String) throws {
        let path = name.hasPrefix("/") ? FilePath(name) : run.scratch.appending(name)
        if name == "fifo" { #expect(mkfifo(path.string, 0o600) == 0) }
        let other = run.scratch.appending("other.db")
        try RegistryCare.initialize(other)
        do {
            _ = try TestRegistry(other).importLayout(path)
            Issue.record("\(name) was accepted")
        } catch {
            #expect(ExitStatus(error) == .badInput && "\(error)".contains(path.string), "\(error)")
        }
    }

    /// What is done to a folder on its way.
    enum Harm: CaseIterable {
        case missingBlob, flippedBlob, escapingDigest, noIndex, indexIsNoJSON, otherManifest
        case endlessBlob, linkedBlob, fifoBlob, folderBlob, longerBlob, fifoIndex, fifoManifest
    }

    @Test(.timeLimit(.minutes(1)), arguments: Harm.allCases)
    func aFolderThatWasChangedIsRefusedInWords(_ harm: Harm) throws {
        let (name, digest) = try #require(try run.published().min { $0.key < $1.key })
        _ = try export([name])
        let (index, blob) = (folder.appending("index.json"), folder.appending("blobs/sha256").appending(digest))
        let text = String(decoding: try readFile(index, limit: 1 << 20), as: UTF8.self)
        let manifest = try #require(text.firstMatch(of: /sha256:[0-9a-f]{64}/)).output
        switch harm {
        case .missingBlob: try FileManager.default.removeItem(atPath: blob.string)
        case .flippedBlob:
            var bytes = try readFile(blob, limit: 1 << 26)
            bytes[bytes.count / 2] ^= 1
            try writeFile(bytes, to: blob)
        case .escapingDigest:
            try writeFile(Array(text.replacing(manifest, with: "sha256:../../../registry.db").utf8), to: index)
        case .noIndex: try FileManager.default.removeItem(atPath: index.string)
        case .indexIsNoJSON: try writeFile(Array("{".utf8), to: index)
        case .endlessBlob:
            try replace(blob) { try manager.createSymbolicLink(atPath: $0, withDestinationPath: "/dev/zero") }
        case .linkedBlob:
            let away = run.scratch.appending("away").string
            try manager.moveItem(atPath: blob.string, toPath: away)
            try manager.createSymbolicLink(atPath: blob.string, withDestinationPath: away)
        case .fifoBlob: try replace(blob) { #expect(mkfifo($0, 0o600) == 0) }
        case .folderBlob:
            try replace(blob) { try manager.createDirectory(atPath: $0, withIntermediateDirectories: true) }
        case .longerBlob:
            let bytes = try readFile(blob, limit: 1 << 26)
            try writeFile(bytes + [0], to: blob)
        case .fifoIndex: try replace(index) { #expect(mkfifo($0, 0o600) == 0) }
        case .fifoManifest:
            let path = folder.appending("blobs/sha256").appending(String(manifest.dropFirst("sha256:".count)))
            try replace(path) { #expect(mkfifo($0, 0o600) == 0) }
        case .otherManifest: try writeFile(Array(text.replacing(manifest, with: "sha256:\(digest)").utf8), to: index)
        }
        let other = run.scratch.appending("other.db")
        try RegistryCare.initialize(other)
        do {
            _ = try TestRegistry(other).importLayout(folder)
            Issue.record("\(harm) was accepted")
        } catch {
            #expect(ExitStatus(error) == .badInput, "\(error)")
            #expect("\(error)".contains(folder.string), "\(error)")
        }
        #expect(try TestRegistry(other).builds().isEmpty)
        #expect(try TestRegistry(other).verify(readData: true).isSound)
    }
}
