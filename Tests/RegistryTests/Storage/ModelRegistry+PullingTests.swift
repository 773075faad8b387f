import BinaryIO
import CZstd
import Foundation
import GRDB
import Registry
import SystemPackage
import Testing

@Suite struct ModelRegistryPullingTests {
    @Test(arguments: [1, 1000, 1 << 20, 3_000_001], [true, false])
    func whatComesOutIsWhatWentIn(_ count: Int, _ compressible: Bool) throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        let file = try scratch.file("a", count: count, compressible: compressible)
        let build = try registry.publish(publication(file))[0].record
        let target = scratch.folder.appending("out.gguf")
        var last = 0
        try registry.pull(build.name, to: target) { last = $0.doneBytes }
        #expect(last == count)
        #expect(try contents(of: target) == contents(of: file))
    }

    /// What the test does to an object's file, and what the pull must say about it.
    enum Harm: CaseIterable { case missing, truncated, grown, flipped, symbolicLink }

    @Test(arguments: Harm.allCases, [true, false])
    func damagedBytesNeverBecomeAFile(_ harm: Harm, _ compressible: Bool) throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        let build = try registry.publish(publication(scratch.file("a", compressible: compressible)))[0].record
        let path = scratch.objectPath(of: build)
        var bytes = try contents(of: path)
        switch harm {
        case .missing: try FileManager.default.removeItem(atPath: path.string)
        case .truncated: try scratch.overwrite(build, with: bytes.dropLast())
        case .grown: try scratch.overwrite(build, with: bytes + [0])
        case .flipped:
            bytes[bytes.count / 2] ^= 0x10
            try scratch.overwrite(build, with: bytes)
        case .symbolicLink:
            try FileManager.default.moveItem(atPath: path.string, toPath: path.string + ".moved")
            try FileManager.default.createSymbolicLink(atPath: path.string, withDestinationPath: path.string + ".moved")
        }
        let target = scratch.folder.appending("out.gguf")
        let error = refusal { try registry.pull(build.name, to: target) }
        #expect(error?.isDamage == true, "\(error as Any)")
        #expect(!FileManager.default.fileExists(atPath: target.string))
        let names = try FileManager.default.contentsOfDirectory(atPath: scratch.folder.string)
        #expect(!names.contains { $0.hasSuffix(".partial") })
    }

    /// A frame that unfolds to far more than the row says: nothing beyond the recorded length is ever handed on.
    @Test func aFrameThatUnfoldsToMoreThanRecordedIsStopped() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        let build = try registry.publish(publication(scratch.file("a")))[0].record
        let bomb = compressed([UInt8](repeating: 0, count: 1 << 25))
        try replace(build, in: registry, scratch, by: bomb)
        var most = 0
        let target = scratch.folder.appending("out.gguf")
        let error = refusal { try registry.pull(build.name, to: target) { most = max(most, $0.doneBytes) } }
        #expect(error?.description.contains("more than the 300000 bytes") == true, "\(error as Any)")
        #expect(most <= build.fileBytes)
    }

    @Test func bytesAfterTheFrameAreDamage() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        let file = try scratch.file("a")
        let build = try registry.publish(publication(file))[0].record
        let frame = compressed(try contents(of: file))
        try replace(build, in: registry, scratch, by: frame + frame)
        #expect(refusal { try registry.pull(build.name, to: scratch.folder.appending("out")) }?.isDamage == true)
    }

    /// Puts other bytes in an object's place and makes the row agree on their length, as an attacker could.
    private func replace(
        _ build: BuildRecord,
        in registry: ModelRegistry,
        _ scratch: Scratch,
        by bytes: [UInt8]
    ) throws {
        try scratch.overwrite(build, with: bytes)
        try registry.inspectWriter { database in
            try database.execute(sql: "UPDATE object SET storedBytes = ?", arguments: [bytes.count])
        }
    }

    private func compressed(_ bytes: [UInt8]) -> [UInt8] {
        var output = [UInt8](repeating: 0, count: ZSTD_compressBound(bytes.count))
        let count = ZSTD_compress(&output, output.count, bytes, bytes.count, 3)
        #expect(ZSTD_isError(count) == 0)
        return Array(output.prefix(count))
    }
}
