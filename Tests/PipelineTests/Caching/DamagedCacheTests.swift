import BinaryIO
import Foundation
import Pipeline
import SystemPackage
import TestSupport
import Testing

/// Whatever became of a cache's files: it costs work, and nothing wrong comes out.
@Suite struct DamagedCacheTests {
    private let run: FakeRun
    private let base = FakeStep(id: "base")
    private let next: FakeStep

    init() throws {
        run = try FakeRun()
        next = FakeStep(id: "next", takes: [base], word: "next")
        #expect(try run.run([base, next]) == "done done")
    }

    /// Changes a file in place, also one that nobody may write to.
    private func change(_ path: FilePath, _ change: (inout [UInt8]) -> Void) throws {
        var bytes = try readFile(path, limit: 1 << 20)
        change(&bytes)
        chmod(path.string, 0o644)
        try Data(bytes).write(to: URL(fileURLWithPath: path.string))
    }

    @Test func aFileWhoseBytesChangedIsMadeAgain() throws {
        let file = run.file(of: next)
        let whole = try readFile(file, limit: 100)
        try change(file) { $0[0] ^= 1 }
        #expect(try run.plan([base, next]).map(\.action) == [.cached, .run])
        #expect(try run.run([base, next]) == "cached done")
        #expect(try readFile(file, limit: 100) == whole)
        #expect(try run.run([base, next]) == "cached cached")
    }

    @Test func aFileThatWasCutOffIsMadeAgain() throws {
        try change(run.file(of: next)) { $0.removeLast() }
        #expect(try run.run([base, next]) == "cached done")
        try change(run.file(of: next)) { $0.removeAll() }
        #expect(try run.run([base, next]) == "cached done")
    }

    @Test func aFileWithAnotherTimeIsReadBeforeItIsBelieved() throws {
        try change(run.file(of: next)) { _ in }
        #expect(try run.run([base, next]) == "cached cached")
    }

    @Test func aDamagedFileOfAnInputIsMadeAgainBeforeItIsUsed() throws {
        try change(run.file(of: base)) { $0[0] ^= 1 }
        #expect(try run.run([base, next]) == "cached cached", "nobody reads it")
        var other = next
        other.setting = "other"
        #expect(try run.run([base, other]) == "done done")
    }

    @Test func recordsThatLieAreMisses() throws {
        let record = run.record(of: next)
        let whole = try readFile(record, limit: 1 << 20)
        let text = String(decoding: whole, as: UTF8.self)
        let action = String(text.dropFirst(86).dropLast())
        #expect(text.hasPrefix(#"{"sha256":""#) && action.hasPrefix("{"))
        func framed(_ action: String) -> [UInt8] {
            Array(#"{"sha256":"\#(SHA256Digest(of: action.utf8))","action":\#(action)}"#.utf8)
        }
        #expect(framed(action) == whole)
        let other = try readFile(run.record(of: base), limit: 1 << 20)
        let wrong: [[UInt8]] = [
            [], Array("{}".utf8), Array(text.dropLast().utf8), Array(text.dropLast(2).utf8), whole + [0x20],
            other, Array(action.utf8), framed("{}"), framed("null"),
            framed(action.replacing("\"format\":1", with: "\"format\":2")),
            framed(action.replacing("word.txt", with: "../word.txt")),
            framed(action.replacing("word.txt", with: "/tmp/word.txt")),
            framed(action.replacing("word.txt", with: "..")),
            framed(action.replacing("word.txt", with: ".word")),
            framed(action.replacing("word.txt", with: "")),
            framed(action.replacing("\"bytes\":5", with: "\"bytes\":-5")),
            framed(action.replacing("\"bytes\":5", with: "\"bytes\":6")),
        ]
        for bytes in wrong {
            #expect(bytes != whole)
            // No other record may tell of the product.
            let content = run.folder.root.appending("ac")
            for name in try FileManager.default.contentsOfDirectory(atPath: content.string)
            where ![record, run.record(of: base)].map({ $0.lastComponent?.string }).contains(name) {
                try FileManager.default.removeItem(atPath: content.appending(name).string)
            }
            try Data(bytes).write(to: URL(fileURLWithPath: record.string))
            #expect(try run.run([base, next]) == "cached done", "\(String(decoding: bytes, as: UTF8.self))")
            #expect(try run.run([base, next]) == "cached cached")
        }
    }

    @Test func noChangeOfARecordIsBelieved() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SplitMix64(seed: seed)
        let key = next.nodes[0].key.digest
        let whole = try readFile(run.record(of: next), limit: 1 << 20)
        #expect(ActionRecord(whole, for: key) != nil)
        for _ in 0..<2000 {
            var bytes = whole
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<3, using: &random) {
            case 0: bytes[place] ^= UInt8.random(in: 1...255, using: &random)
            case 1: bytes.removeSubrange(place...)
            default: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
            }
            #expect(ActionRecord(bytes, for: key) == nil || bytes == whole, "seed \(seed)")
        }
        #expect(ActionRecord(whole, for: SHA256Digest(of: [])) == nil)
    }

    @Test func namesOfFilesMayGoWithoutHarm() throws {
        let name = run.name(of: next)
        try FileManager.default.removeItem(atPath: name.string)
        #expect(try run.run([base, next]) == "cached cached")
        #expect(try readFile(name, limit: 100) == Array("next ".utf8), "it is there again")
        // Somebody else's file under the name is replaced, and the cache's stays.
        try Data("foreign".utf8).write(to: URL(fileURLWithPath: run.file(of: next).string + ".copy"))
        try FileManager.default.removeItem(atPath: name.string)
        try Data("foreign".utf8).write(to: URL(fileURLWithPath: name.string))
        #expect(try run.run([base, next]) == "cached cached")
        #expect(try readFile(name, limit: 100) == Array("next ".utf8))
    }

    /// A step that writes through the name of a cached file would change what others take.
    @Test func makingANodeAgainLeavesTheCachesFileAlone() throws {
        let file = run.file(of: next)
        var changed = next
        changed.word = "changed"
        #expect(try run.run([base, changed]) { $0.force = true } == "done done")
        #expect(try readFile(file, limit: 100) == Array("next ".utf8))
        #expect(try readFile(run.name(of: next), limit: 100) == Array("changed ".utf8))
    }
}
