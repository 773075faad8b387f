import BinaryIO
import Safetensors
import SystemPackage
import TestSupport
import Testing

/// Files that PyTorch wrote (scripts/pickle-goldens.py, torch 2.9).
@Suite struct PickledCheckpointTests {
    private let scratch: ScratchFolder
    private static let goldens = Goldens.packageRoot.appending("Tests/Goldens/pickle")

    init() throws { scratch = try ScratchFolder() }

    private func golden(_ name: String) throws -> [UInt8] { try readFile(Self.goldens.appending(name), limit: 1 << 20) }

    private func checkpoint(_ bytes: [UInt8], as name: String = "pytorch_model.bin") throws -> SafetensorsCheckpoint {
        try scratch.write(bytes, to: name)
        return try SafetensorsCheckpoint(folder: scratch.path)
    }

    private func problem(_ bytes: [UInt8]) -> SafetensorsProblem? {
        let error = #expect(throws: SafetensorsError.self) { _ = try checkpoint(bytes) }
        return error?.problem
    }

    private func floats(_ entry: SafetensorsCheckpoint.Entry) -> [Float] {
        withExtendedLifetime(entry) {
            (0..<(entry.bytes.count / 4)).map { entry.bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
        }
    }

    @Test func tensorsAreReadInTheOrderInWhichTheyWereSaved() throws {
        let entries = try checkpoint(golden("tensors.bin")).entries
        #expect(entries.map(\.tensor.name) == ["z.weight", "a.first", "a.second", "count", "half"])
        #expect(entries.map(\.tensor.type) == [.bf16, .f32, .f32, .i64, .f16])
        #expect(entries.map(\.tensor.shape) == [[4, 3], [2, 3], [2, 3], [], [4, 3]])
        // Both halves lie in one storage.
        #expect(floats(entries[1]) == (0..<6).map(Float.init))
        #expect(floats(entries[2]) == (6..<12).map(Float.init))
        #expect(withExtendedLifetime(entries) { Array(entries[3].bytes) } == [7, 0, 0, 0, 0, 0, 0, 0])
    }

    @Test func shardsNeedNoIndex() throws {
        try scratch.write(golden("tensors.bin"), to: "pytorch_model-00001-of-00002.bin")
        let error = #expect(throws: SafetensorsError.self) { _ = try SafetensorsCheckpoint(folder: scratch.path) }
        #expect(error?.problem == .missingShard("pytorch_model-00002-of-00002.bin"))
    }

    @Test func whatWouldRunIsRefusedByItsName() throws {
        guard case .unreadablePickle(let reason)? = problem(try golden("runs.bin")) else {
            Issue.record("it was read")
            return
        }
        #expect(reason.contains("'posix system', which may run code, at byte"))
    }

    @Test func otherValuesRowsApartAndOlderFilesAreRefused() throws {
        #expect(problem(try golden("other.bin")) == .unreadablePickle("it holds something else than tensors"))
        guard case .invalidEntry("turned", _)? = problem(try golden("turned.bin")) else {
            Issue.record("rows apart were read")
            return
        }
        #expect(problem(try golden("old.bin")) == .unreadablePickle("no zip archive at byte 0"))
    }

    /// Nothing traps, whatever the bytes; most are refused.
    @Test func damagedFilesNeverTrap() throws {
        var random = SeededRandom.printed()
        let whole = try golden("tensors.bin")
        var refused = 0
        for round in 0..<4000 {
            let bytes = round % 4 == 0 ? Array(whole.prefix(round * whole.count / 4000)) : random.mutate(whole)
            do {
                for entry in try checkpoint(bytes).entries { #expect(entry.tensor.range.upperBound <= bytes.count) }
            } catch is SafetensorsError {
                refused += 1
            }
        }
        #expect(refused > 1500)
    }
}
