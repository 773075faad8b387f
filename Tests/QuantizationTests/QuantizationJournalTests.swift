import BinaryIO
import Conversion
import Foundation
import GGUF
import Quantization
import SystemPackage
import Tensors
import TestSupport
import Testing

/// A quantization that was stopped and resumes at the first tensor that is not whole.
@Suite struct QuantizationJournalTests {
    private struct Stopped: Error {}

    private let models: TinyModels
    private let folder: ScratchFolder
    private let source: GGUFModel

    init() throws {
        models = try TinyModels()
        folder = try ScratchFolder()
        source = try GGUFModel(path: models.converted(.f16))
    }

    private var path: FilePath { folder.path.appending("resumed.gguf") }
    private var partial: FilePath { FilePath("\(path).partial") }
    private var journal: FilePath { FilePath("\(path).journal") }

    private func quantizer(_ type: FileType = .q4_K_M) throws -> Quantizer {
        let output = Quantizer.Output(plan: try QuantizationPlan(source, as: type), path: path, isResumable: true)
        return try Quantizer(source: source, outputs: [output])
    }

    /// Stops when so much of the source is done.
    private func stop(at share: Double = 0.6, _ type: FileType = .q4_K_M) throws {
        #expect(throws: Stopped.self) {
            try quantizer(type).run(threads: 1, measuresLoss: true) { done, total in
                if Double(done) > share * Double(total) { throw Stopped() }
            }
        }
    }

    private func lines() throws -> [String] {
        String(decoding: try readFile(journal, limit: 1 << 20), as: UTF8.self).split(separator: "\n").map(String.init)
    }

    /// What a run without interruption makes.
    private func undisturbed(_ type: FileType = .q4_K_M) throws -> (bytes: [UInt8], outcomes: [TensorOutcome]) {
        let whole = folder.path.appending("whole.gguf")
        let output = Quantizer.Output(plan: try QuantizationPlan(source, as: type), path: whole)
        let outcomes = try Quantizer(source: source, outputs: [output]).run(threads: 2, measuresLoss: true)
        return (try readFile(whole, limit: 1 << 30), outcomes[0])
    }

    private func expectTheSame(_ type: FileType = .q4_K_M) throws {
        let expected = try undisturbed(type)
        let outcomes = try quantizer(type).run(threads: 2, measuresLoss: true)
        #expect(try readFile(path, limit: 1 << 30) == expected.bytes)
        #expect(outcomes[0] == expected.outcomes)
        #expect(FileStatus(partial) == nil && FileStatus(journal) == nil)
    }

    @Test func aStoppedRunResumesToTheSameBytesAndFigures() throws {
        try stop()
        let first = try lines().count
        #expect(first > 2 && FileStatus(path) == nil)
        // A second stop, further on, keeps what the first one had.
        try stop(at: 0.9)
        #expect(try lines().count > first)
        try expectTheSame()
    }

    @Test func whatIsWholeIsTakenAsItIs() throws {
        try stop()
        var lines = try lines()
        let layout = try QuantizationPlan(source, as: .q4_K_M).layouts[0]
        let name = "blk.0.ffn_down.weight"
        let index = try #require(layout.tensors.firstIndex { $0.name == name })
        let line = try #require(lines.firstIndex { $0.hasPrefix("\(index) ") })
        // Bytes that no run would make, under their own digest.
        var bytes = try readFile(partial, limit: 1 << 30)
        let range = layout.offsets[index]..<(layout.offsets[index] + layout.tensors[index].byteCount)
        for place in range { bytes[place] = 0 }
        lines[line] = "\(index) \(SHA256Digest(of: bytes[range]))"
        try Data(bytes).write(to: URL(fileURLWithPath: partial.string))
        try Data(lines.map { "\($0)\n" }.joined().utf8).write(to: URL(fileURLWithPath: journal.string))
        try quantizer().run(threads: 1)
        let made = try readFile(path, limit: 1 << 30)
        #expect(made[range].allSatisfy { $0 == 0 })
    }

    /// Each entry: what happens to the journal's lines or to the partial file.
    enum Damage: CaseIterable {
        case noPartial, shortPartial, wrongByte, noJournal, tornLine, otherPlaces, noise, otherHeader
    }

    @Test(arguments: Damage.allCases)
    func damageCostsWorkAlone(_ damage: Damage) throws {
        try stop()
        var (bytes, lines) = (try readFile(partial, limit: 1 << 30), try lines())
        switch damage {
        case .noPartial: bytes = []
        case .shortPartial: bytes.removeLast(bytes.count / 2)
        case .wrongByte: for place in stride(from: 0, to: bytes.count, by: 5000) { bytes[place] ^= 1 }
        case .noJournal: lines = []
        case .tornLine: lines[lines.count - 1].removeLast(20)
        case .otherPlaces:
            lines = lines.enumerated().map { $0 == 0 ? $1 : "\($0 + 5000) \($1.split(separator: " ")[1])" }
        case .noise: lines.insert("-1 x\u{0}", at: 1)
        case .otherHeader: lines[0] = "\(SHA256Digest(of: [1]))"
        }
        try Data(bytes).write(to: URL(fileURLWithPath: partial.string))
        try Data(lines.map { "\($0)\n" }.joined().utf8).write(to: URL(fileURLWithPath: journal.string))
        try expectTheSame()
    }

    @Test func anotherTypeUnderTheSameNameBeginsAnew() throws {
        try stop(at: 0.6, .q8_0)
        try expectTheSame(.q4_K_M)
    }
}
