import BinaryIO
import Dispatch
import Foundation
import Registry
import SystemPackage
import TestSupport
import Testing

@Suite struct BuildBytesTests {
    private let scratch: Scratch
    private let registry: ModelRegistry

    init() throws {
        scratch = try Scratch()
        registry = try scratch.registry()
    }

    /// How a build lies in the registry.
    enum Form: CaseIterable {
        case parts, compressed, raw
    }

    private func publish(_ form: Form, count: Int = 9_000_001) throws -> (build: BuildRecord, bytes: [UInt8]) {
        let file = try scratch.file("a", count: count, compressible: form != .raw)
        var publication = try publication(file)
        if form == .parts { publication.builds[0].cuts = [1, 70_000, 5_000_000].map { PartCut(offset: $0) } }
        let build = try registry.publish(publication)[0].record
        let encodings: [Form: ObjectEncoding] = [.parts: .parts, .compressed: .zstd, .raw: .raw]
        #expect(build.encoding == encodings[form])
        return (build, try contents(of: file))
    }

    private func packs() throws -> [FilePath] {
        let root = scratch.objects.appending("packs")
        let files = try #require(FileManager.default.enumerator(atPath: root.string)).compactMap { $0 as? String }
        return files.filter { $0.hasSuffix(".pack") }.map { root.appending($0) }
    }

    @Test(arguments: Form.allCases)
    func anyRangeIsThatOfTheFile(_ form: Form) throws {
        let (build, expected) = try publish(form)
        let bytes = try registry.bytes(of: build.name)
        #expect(bytes.count == expected.count && bytes.digest == build.digest)
        var ranges = [
            0..<0, 0..<1, 0..<expected.count, 1..<70_000, 69_999..<70_001, expected.count..<expected.count,
            4_999_999..<5_000_001, (4 << 20) - 1..<(4 << 20) + 1, expected.count - 1..<expected.count,
        ]
        var random = SplitMix64(seed: 7)
        for _ in 0..<20 {
            let start = Int(random.next() % UInt64(expected.count))
            ranges.append(start..<min(expected.count, start + Int(random.next() % 1_000_000)))
        }
        for range in ranges {
            #expect(try bytes.read(range) == Array(expected[range]), "bytes \(range)")
        }
        // Another name for the same bytes, and a value that begins somewhere else.
        #expect(
            try registry.bytes(of: build.digest).read(8_000_000..<8_000_010) == Array(expected[8_000_000..<8_000_010])
        )
    }

    @Test(arguments: Form.allCases)
    func severalThreadsReadAtOnce(_ form: Form) throws {
        let (build, expected) = try publish(form)
        let bytes = try registry.bytes(of: build.name)
        let wrong = Mutexed<[String]>([])
        DispatchQueue.concurrentPerform(iterations: 8) { thread in
            var random = SplitMix64(seed: UInt64(thread))
            for _ in 0..<20 {
                let start = Int(random.next() % UInt64(expected.count - 100_000))
                let range = start..<(start + 100_000)
                if (try? bytes.read(range)) != Array(expected[range]) { wrong.change { $0.append("\(range)") } }
            }
        }
        #expect(wrong.value.isEmpty)
    }

    @Test(arguments: Form.allCases)
    func aRangeOutsideOfTheBuildIsRefused(_ form: Form) throws {
        let (build, expected) = try publish(form)
        let (bytes, count) = (try registry.bytes(of: build.name), expected.count)
        for range in [0..<(count + 1), (count + 1)..<(count + 1), -1..<3, 5..<Int.max] {
            let error = refusal { _ = try bytes.read(range) }
            #expect(error?.description.contains("has \(count) bytes") == true)
        }
    }

    /// A byte of one part is changed: the others are still to be had, it is not.
    @Test func damageIsFoundInThePartThatHasItAndNoOther() throws {
        let (build, expected) = try publish(.parts)
        let pack = try #require(packs().first)
        var stored = try contents(of: pack)
        stored[stored.count - 1] ^= 1
        try FileManager.default.removeItem(atPath: pack.string)
        try writeFile(stored, to: pack)
        let bytes = try registry.bytes(of: build.name)
        var errors: [RegistryError] = []
        for range in [0..<1, 1..<70_000, 70_000..<5_000_000, 5_000_000..<expected.count] {
            do {
                #expect(try bytes.read(range) == Array(expected[range]))
            } catch let error as RegistryError {
                errors.append(error)
                #expect(refusal { _ = try bytes.read(range.lowerBound..<(range.lowerBound + 1)) } == error)
            }
        }
        guard errors.count == 1, case .damagedObject(build.digest, pack, _) = errors[0] else {
            Issue.record("\(errors)")
            return
        }
    }

    /// The only digest is that of the whole, so one changed byte spoils every range.
    @Test(arguments: [Form.compressed, .raw])
    func damageAnywhereInAnObjectOfOneFileIsFoundBeforeTheFirstByte(_ form: Form) throws {
        let (build, _) = try publish(form)
        var stored = try contents(of: scratch.objectPath(of: build))
        stored[stored.count - 5] ^= 1
        try scratch.overwrite(build, with: stored)
        let bytes = try registry.bytes(of: build.name)
        for _ in 0..<2 { #expect(refusal { _ = try bytes.read(0..<1) } != nil) }
    }

    /// A file that was found right and then replaced by another of its length is read whole again.
    @Test(arguments: [Form.compressed, .raw])
    func aFileThatIsReplacedIsNotBelieved(_ form: Form) throws {
        let (build, _) = try publish(form, count: 20 << 20)
        let bytes = try registry.bytes(of: build.name)
        #expect(try bytes.read(0..<1).count == 1)
        var stored = try contents(of: scratch.objectPath(of: build))
        stored[stored.count / 2] ^= 1
        try scratch.overwrite(build, with: stored)
        #expect(refusal { _ = try bytes.read((19 << 20)..<(20 << 20)) } != nil)
        try FileManager.default.removeItem(atPath: scratch.objects.string)
        guard case .objectsMissing = refusal({ _ = try bytes.read((9 << 20)..<(10 << 20)) }) else {
            Issue.record("the missing folder was not named")
            return
        }
    }

    @Test func bytesThatNobodyPublishedAreNotFound() throws {
        let (build, _) = try publish(.parts, count: 6_000_000)
        let error = refusal { _ = try registry.bytes(of: SHA256Digest(of: "other".utf8)) }
        #expect(error?.description.contains("\(build.name)") == true)
        #expect(refusal { _ = try registry.bytes(of: BuildName("tiny@9.0.0:q4_0")) } != nil)
    }
}
