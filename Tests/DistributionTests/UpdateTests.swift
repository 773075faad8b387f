import BinaryIO
import Distribution
import Foundation
import GGUF
import Registry
import Steps
import StepsTestSupport
import SystemPackage
import TestSupport
import Testing
import Transfer

/// Who has an older build fetches what changed, and gets the new one whatever goes wrong on the way.
@Suite struct UpdateTests {
    private let run: TinyRun
    private let registry = try? SmallOCIRegistry()
    /// Of the model in the registry, such as `tiny-phi3`.
    private let model: String
    private var old: FilePath { run.scratch.appending("old.gguf") }
    private var new: FilePath { run.scratch.appending("new.gguf") }
    private var output: FilePath { run.scratch.appending("output.gguf") }
    private var shelf: DeltaShelf { DeltaShelf(beside: run.registry) }

    /// Publishes a build, and a later version of it in which one tensor moved a little.
    init() throws {
        run = try TinyRun()
        try run.run()
        let name = try #require(try run.published().keys.first { $0.hasSuffix(":q8_0") })
        model = String(name.prefix { $0 != "@" })
        let opened = try ModelRegistry(path: run.registry, mode: .openExisting)
        defer { try? opened.close() }
        let record = try opened.pull(BuildName(name), to: old)
        let file = try GGUFFile(path: old)
        let (tensor, offset) = try #require(zip(file.tensors, file.offsets).max { $0.0.byteCount < $1.0.byteCount })
        var bytes = try readFile(old, limit: 1 << 28)
        // Of a block of Q8_0 the first two bytes are the scale; the numbers behind it move by one here and there.
        for place in stride(from: offset + 5, to: offset + tensor.byteCount, by: 34) where bytes[place] < 100 {
            bytes[place] += 1
        }
        try writeFile(bytes, to: new)
        _ = try opened.publish(
            Publication(
                model: model,
                version: try ModelVersion(parsing: "1.1.0"),
                builds: [
                    BuildDraft(
                        type: "q8_0",
                        file: new,
                        cuts: file.boundaries.map { PartCut(offset: $0.offset, elementBytes: $0.elementBytes) },
                        facts: record.facts
                    )
                ],
                toolVersion: "0.1.0"
            )
        )
    }

    private func place(_ rest: String) throws -> RemotePlace {
        var place = try RemotePlace("oci://\(try #require(registry).host)/\(rest)", isInsecure: true)
        place.transport.retries.base = .milliseconds(1)
        place.transport.retries.longest = .milliseconds(10)
        place.environment = [:]
        return place
    }

    @discardableResult
    private func push(deltas: Int) throws -> PushReport {
        let source = try ModelRegistry(path: run.registry, mode: .readOnly)
        defer { try? source.close() }
        var push = RegistryPush(from: source)
        push.deltas = deltas
        return try push.run(["\(model)@1.1.0:q8_0"], to: place("tiny")) { _, _, _ in }
    }

    private func pull(since file: FilePath? = nil) throws -> PullReport {
        var pull = RemotePull(from: try place("tiny:1.1.0-q8_0"))
        pull.since = file ?? old
        return try pull.write(to: output) { _, _, _ in }
    }

    private func expectWhole(sourceLocation: SourceLocation = #_sourceLocation) throws {
        #expect(try SHA256Digest(ofFile: output) == SHA256Digest(ofFile: new), sourceLocation: sourceLocation)
        let left = try FileManager.default.contentsOfDirectory(atPath: run.scratch.path.string).filter {
            $0.hasPrefix(".output")
        }
        #expect(left.isEmpty, sourceLocation: sourceLocation)
    }

    // MARK: - Ways

    @Test func aDeltaIsFetchedWhereOneIsOffered() throws {
        try push(deltas: 1)
        let report = try pull()
        #expect(report.update == "delta")
        let fetched = try #require(report.bytesFetched)
        #expect(fetched == shelf.entries().first?.bytes && fetched < report.bytes / 4)
        try expectWhole()
    }

    @Test func otherwiseThePartsThatDifferAreFetched() throws {
        try push(deltas: 0)
        let report = try pull()
        #expect(report.update == "parts")
        #expect(try #require(report.bytesFetched) < report.bytes * 3 / 4)
        try expectWhole()
    }

    @Test func theSameFileIsCopiedAndAnotherModelHelpsNothing() throws {
        try push(deltas: 0)
        #expect(try pull(since: new).bytesFetched == 0)
        try expectWhole()
        var stranger = SyntheticModel(hyperparameters: Metadata(), vocabulary: Metadata(), seed: 7)
        stranger.add("blk.0.weight", [256, 2])
        try stranger.write(to: run.scratch.appending("stranger.gguf"))
        let report = try pull(since: run.scratch.appending("stranger.gguf"))
        #expect(report.update == "whole" && report.bytesFetched == report.bytes)
        try expectWhole()
    }

    @Test func theOldFileMayBeReplaced() throws {
        try push(deltas: 1)
        var pull = RemotePull(from: try place("tiny:1.1.0-q8_0"))
        pull.since = old
        _ = try pull.write(to: old) { _, _, _ in }
        #expect(try SHA256Digest(ofFile: old) == SHA256Digest(ofFile: new))
    }

    // MARK: - What is offered

    @Test func aDeltaIsMadeAndSentOnce() throws {
        try push(deltas: 3)
        let made = shelf.entries()
        #expect(made.count == 1, "one earlier version of this type")
        let again = try push(deltas: 3)
        #expect(again.bytesSent == 0)
        #expect(shelf.entries() == made)
    }

    @Test func aDeltaThatIsNotWorthItsTroubleIsNotOfferedAndNotTriedAgain() throws {
        let opened = try ModelRegistry(path: run.registry, mode: .readOnly)
        defer { try? opened.close() }
        let (large, small) = (
            try opened.resolve(BuildReference("\(model)@1.0.0:q8_0")),
            try opened.resolve(BuildReference("\(model)@1.0.0:q4_k_m"))
        )
        for _ in 0..<2 {
            #expect(try shelf.delta(from: small, to: large, in: opened) { _, _, _ in } == nil)
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: shelf.folder.string)
        #expect(names == ["\(small.digest)-\(large.digest).none"])
    }

    // MARK: - What goes wrong

    @Test(arguments: [0, 1]) func aCutIsGoneOnFrom(_ deltas: Int) throws {
        try push(deltas: deltas)
        try #require(registry).set { $0.cuts = [400, 10_000, 1] }
        _ = try pull()
        try expectWhole()
    }

    @Test(arguments: [0, 1]) func aServerThatChangesBytesIsNotBelieved(_ deltas: Int) throws {
        try push(deltas: deltas)
        try #require(registry).set { $0.changesBlobs = true }
        #expect(throws: DistributionError.self) { try pull() }
        #expect(FileStatus(output) == nil)
        try #require(registry).set { $0.changesBlobs = false }
        _ = try pull()
        try expectWhole()
    }

    @Test func aServerWithoutRangesSendsAllOfIt() throws {
        try push(deltas: 0)
        try #require(registry).set { $0.knowsNoRanges = true }
        #expect(try pull().update == "whole")
        try expectWhole()
    }

    @Test func aDeltaThatLeadsElsewhereIsPassedOver() throws {
        try push(deltas: 1)
        // Another delta under the annotation that names the old file.
        try #require(registry).state.change { state in
            for (name, stored) in state.manifests["tiny"] ?? [:] {
                guard let text = String(bytes: stored.bytes, encoding: .utf8), text.contains("delta.from") else {
                    continue
                }
                let broken = Array("no delta at all".utf8)
                let digest = SHA256Digest(of: broken)
                guard
                    let blob = text.firstMatch(
                        of:
                            /"digest":"sha256:([0-9a-f]{64})","mediaType":"application\/vnd.edgepipe.delta.v1","size":\d+/
                    )
                else { continue }
                let changed = text.replacing(
                    blob.0,
                    with:
                        #""digest":"sha256:\#(digest)","mediaType":"application/vnd.edgepipe.delta.v1","size":\#(broken.count)"#
                )
                state.blobs["tiny"]?["sha256:\(digest)"] = broken
                state.manifests["tiny"]?[name] = nil
                state.manifests["tiny"]?["sha256:\(SHA256Digest(of: changed.utf8))"] = (
                    stored.type, Array(changed.utf8)
                )
            }
        }
        #expect(try pull().update == "parts")
        try expectWhole()
    }

    @Test func anOlderFileThatIsNoModelIsNamed() throws {
        try push(deltas: 0)
        let text = run.scratch.appending("notes.txt")
        try writeFile(Array("not a model, but long enough to be one".utf8), to: text)
        #expect(throws: GGUFError.self) { try pull(since: text) }
    }

    @Test func aLocalRegistryNeedsNoOlderFile() throws {
        var request = Operations.PullRequest("\(model)@1.1.0:q8_0", to: output)
        request.since = old
        #expect(throws: StepsError.self) {
            try Operations.pull(request, from: .file(run.registry)) { _, _, _ in }
        }
    }
}
