import BinaryIO
import Foundation
import Pipeline
import SystemPackage
import TestSupport
import Testing

@Suite struct CacheEvictionTests {
    private let scratch: ScratchFolder
    private let folder: CacheFolder

    init() throws {
        scratch = try ScratchFolder()
        folder = CacheFolder(scratch.appending("cache"))
        try folder.prepare(forWriting: true)
    }

    /// A file of a thousand bytes that was last used some seconds ago.
    private func add(_ letter: String, secondsAgo: Double) throws -> CachedFile {
        let bytes = Data(String(repeating: letter, count: 1000).utf8)
        let file = CachedFile(digest: SHA256Digest(of: bytes), byteCount: 1000)
        _ = try folder.take(file, from: try scratch.write(bytes, to: letter))
        let time = [FileAttributeKey.modificationDate: Date(timeIntervalSinceNow: -secondsAgo)]
        let root = folder.root.string
        let notes = try FileManager.default.subpathsOfDirectory(atPath: "\(root)/seen").filter {
            $0.hasSuffix("\(file.digest)")
        }
        try #require(notes.count == 1)
        for path in ["\(root)/cas/\(file.digest)", "\(root)/seen/\(notes[0])"] {
            try FileManager.default.setAttributes(time, ofItemAtPath: path)
        }
        return file
    }

    @Test func whatWasOfNoUseForLongestGoesFirst() throws {
        let old = try add("a", secondsAgo: 300)
        let used = try add("b", secondsAgo: 200)
        let new = try add("c", secondsAgo: 100)
        #expect(folder.status().bytes == 3000 && folder.status().files == 3)
        // Its bytes are read, since its time is not the one that was noted; and that is a use.
        #expect(folder.intactFile(old, noting: true) != nil)
        let eviction = folder.evict(to: 2000)
        #expect(eviction.removed == 1 && eviction.freedBytes == 1000 && eviction.bytes == 2000)
        #expect(folder.intactFile(used, noting: false) == nil)
        #expect(folder.intactFile(new, noting: false) != nil && folder.intactFile(old, noting: false) != nil)
        #expect(folder.evict(to: 2000).removed == 0)
    }

    @Test func whatARunAtWorkHasUsedStays() throws {
        let old = try add("a", secondsAgo: 300)
        let lease = try #require(CacheLease(folder))
        let used = try add("b", secondsAgo: 0)
        #expect(folder.status().isInUse)
        let eviction = folder.evict(to: 0)
        #expect(eviction.bytes == 1000 && eviction.inUseBytes == 1000)
        #expect(folder.intactFile(old, noting: false) == nil && folder.intactFile(used, noting: false) != nil)
        lease.end()
        #expect(folder.evict(to: 0).bytes == 0 && !folder.status().isInUse)
    }

    @Test func leasesOfProcessesThatAreGoneCountForNothing() throws {
        let lease = try #require(CacheLease(folder))
        let leases = folder.root.appending("leases").string
        let name = try #require(try FileManager.default.contentsOfDirectory(atPath: leases).first)
        lease.end()
        let parts = name.split(separator: "_")
        let gone = Process()
        gone.executableURL = URL(fileURLWithPath: "/bin/true")
        try gone.run()
        gone.waitUntilExit()
        let dead = "\(parts[0])_\(gone.processIdentifier)_x"
        for name in [dead, "elsewhere_1_x"] { try Data().write(to: URL(fileURLWithPath: "\(leases)/\(name)")) }
        #expect(folder.status().runs == 1, "of another machine it cannot be known")
        #expect(try FileManager.default.contentsOfDirectory(atPath: leases) == ["elsewhere_1_x"])
    }

    @Test func filesThatBelongToNoCacheStay() throws {
        let foreign = try scratch.write("mine", to: "cache/cas/notes.txt")
        let folderOfMine = try scratch.write("mine", to: "cache/cas/base-abc/word.txt")
        #expect(folder.evict(to: 0).removed == 0)
        #expect(FileStatus(foreign) != nil && FileStatus(folderOfMine) != nil)
        #expect(CacheFolder(scratch.appending("nowhere")).status().bytes == 0)
    }

    @Test func runsAfterAnEvictionMakeWhatTheyNeed() throws {
        let run = try FakeRun()
        let base = FakeStep(id: "base")
        let next = FakeStep(id: "next", takes: [base], word: "next")
        try run.run([base, next])
        #expect(run.folder.evict(to: 0).bytes == 0)
        #expect(try run.run([base, next]) == "done done")
        #expect(try run.run([base, next]) == "cached cached")
    }
}
