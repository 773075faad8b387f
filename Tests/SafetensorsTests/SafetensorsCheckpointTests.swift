import Foundation
import Safetensors
import SystemPackage
import TestSupport
import Testing

@Suite struct SafetensorsCheckpointTests {
    private let scratch: ScratchFolder
    private static let first = "model-00001-of-00002.safetensors"
    private static let second = "model-00002-of-00002.safetensors"

    /// Two shards: "a" and "b" in the first, "c" in the second.
    init() throws {
        scratch = try ScratchFolder()
        try scratch.write(
            safetensors(header(entry("b", [1], (4, 8)), entry("a", [1], (0, 4))), data: 8),
            to: Self.first
        )
        try scratch.write(safetensors(header(entry("c", [2], (0, 8))), data: 8), to: Self.second)
    }

    private func index(_ pairs: [(String, String)]) throws {
        let members = pairs.map { "\"\($0.0)\":\"\($0.1)\"" }.joined(separator: ",")
        try indexText("{\"metadata\":{},\"weight_map\":{\(members)}}")
    }

    private func indexText(_ text: String) throws { try scratch.write(text.utf8, to: "model.safetensors.index.json") }

    private func problem() -> SafetensorsProblem? {
        let error = #expect(throws: SafetensorsError.self) { _ = try SafetensorsCheckpoint(folder: scratch.path) }
        return error?.problem
    }

    @Test func shardsAndTheTensorsOfEachAreReadInTheOrderOfTheirNames() throws {
        try index([("c", Self.second), ("a", Self.first), ("b", Self.first)])
        let checkpoint = try SafetensorsCheckpoint(folder: scratch.path)
        #expect(checkpoint.entries.map(\.tensor.name) == ["a", "b", "c"])
        #expect(checkpoint.files.compactMap { $0.lastComponent?.string } == [Self.first, Self.second])
        #expect(checkpoint.entries.map(\.bytes.count) == [4, 4, 8])
    }

    @Test func aSingleFileNeedsNoIndex() throws {
        try scratch.write(soundSafetensors, to: "model.safetensors")
        #expect(try SafetensorsCheckpoint(folder: scratch.path).entries.map(\.tensor.name) == ["a", "b", "empty"])
    }

    @Test func aMissingShardIsNamed() throws {
        try index([("a", Self.first), ("b", Self.first), ("c", "model-00003-of-00003.safetensors")])
        #expect(problem() == .missingShard("model-00003-of-00003.safetensors"))
    }

    @Test(arguments: ["../model.safetensors", "/etc/passwd", "sub/model.safetensors", "..", ".", "", "a/", "a//"])
    func anIndexThatLeadsOutOfTheFolderIsRefused(_ shard: String) throws {
        try index([("a", shard)])
        #expect(problem() == .unsafeShardName(shard))
    }

    @Test func aShardNameWithAZeroByteIsRefused() throws {
        try index([("a", Self.first + "\\u0000.txt")])
        #expect(problem() == .unsafeShardName(Self.first + "\0.txt"))
    }

    @Test func aTensorInAnotherShardThanTheIndexSaysIsNamed() throws {
        try index([("a", Self.first), ("b", Self.second), ("c", Self.second)])
        #expect(problem() == .missingTensor(name: "b", shard: Self.second))
    }

    @Test func aTensorThatNoShardHoldsIsNamed() throws {
        try index([("a", Self.first), ("b", Self.first), ("c", Self.second), ("d", Self.second)])
        #expect(problem() == .missingTensor(name: "d", shard: Self.second))
    }

    @Test func aTensorThatTheIndexDoesNotKnowIsNamed() throws {
        try index([("a", Self.first), ("c", Self.second)])
        #expect(problem() == .strayTensor(name: "b"))
    }

    @Test func aTensorInTwoShardsIsRefused() throws {
        try scratch.write(safetensors(header(entry("a", [2], (0, 8))), data: 8), to: Self.second)
        try index([("a", Self.first), ("b", Self.first), ("c", Self.second)])
        #expect(problem() == .duplicateTensor("a"))
    }

    /// Two keys that differ as bytes but not as text: neither may crash the reader nor hide the other.
    @Test func twoSpellingsOfOneNameAreRefused() throws {
        try index([("\u{e9}", Self.first), ("e\u{301}", Self.second)])
        #expect(problem() == .duplicateTensor("e\u{301}"))
    }

    @Test(arguments: [
        ("{", "at byte 1: '\"' expected"), ("[]", "'weight_map' is missing or empty"),
        (#"{"weight_map":{}}"#, "'weight_map' is missing or empty"),
        (#"{"weight_map":["a"]}"#, "'weight_map' is missing or empty"),
        (#"{"weight_map":{"a":1}}"#, "'a' names no file"),
        (#"{"weight_map":{"a":"x","a":"y"}}"#, "at byte 23: the key 'a' stands twice"),
    ])
    func anIndexOfAnotherFormIsRefused(_ text: String, _ reason: String) throws {
        try indexText(text)
        #expect(problem() == .invalidIndex(reason))
    }

    @Test func aDamagedShardIsReportedUnderItsOwnName() throws {
        try scratch.write([1, 2, 3], to: Self.second)
        try index([("a", Self.first), ("b", Self.first), ("c", Self.second)])
        let error = #expect(throws: SafetensorsError.self) { _ = try SafetensorsCheckpoint(folder: scratch.path) }
        #expect(error?.path == scratch.path.appending(Self.second) && error?.problem == .tooShort(byteCount: 3))
    }

    @Test func shardsWithoutAnIndexAreTakenWhereAllAreThere() throws {
        let checkpoint = try SafetensorsCheckpoint(folder: scratch.path)
        #expect(checkpoint.entries.map(\.tensor.name) == ["a", "b", "c"])
        try FileManager.default.removeItem(atPath: scratch.path.appending(Self.first).string)
        #expect(problem() == .missingShard(Self.first))
    }

    @Test func aFolderWithoutWeightsIsRefused() throws {
        let empty = try ScratchFolder()
        let error = #expect(throws: SafetensorsError.self) { _ = try SafetensorsCheckpoint(folder: empty.path) }
        #expect(error?.problem == .noCheckpoint)
    }
}
