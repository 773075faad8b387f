import Answers
import BinaryIO
import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite struct PlayAndMLCTests {
    private func text(_ path: FilePath) throws -> String {
        String(decoding: try readFile(path, limit: 1 << 20), as: UTF8.self)
    }

    /// Phones of 4 GB give an app 2 GB: the larger build is for more.
    @Test func everyGroupGetsWhatTheQueryRanksFirst() throws {
        let shelf = try Shelf()
        try shelf.add("chat", gigabytes: 1.2, bitsPerByte: 1.0)
        let folder = shelf.scratch.appending("out")
        var request = PlayRequest(model: "chat")
        request.tiers = [2, 4, 8]
        let summary = try shelf.session.exportPlay(request, to: folder) { _, _, _ in }
        #expect(summary.builds == ["chat@1.0.0:q4_0"], "neighbours with the same build are one group")
        let targeting = try text(folder.appending("device_targeting_config.xml"))
        #expect(targeting.contains("name=\"ram_4gb\"") && targeting.contains("ram-min-bytes=\"4000000000\"/>"))
        #expect(
            FileManager.default.fileExists(atPath: folder.pushing("chat/src/main/assets/chat#group_ram_4gb").string)
        )
    }

    @Test func buildsAreLaidIntoTheirFoldersOnRequest() throws {
        let shelf = try Shelf()
        try shelf.add("chat", gigabytes: 1, bitsPerByte: 1.0)
        var request = PlayRequest(model: "chat")
        request.pullsBuilds = true
        let folder = shelf.scratch.appending("out")
        let summary = try shelf.session.exportPlay(request, to: folder) { _, _, _ in }
        let file = try #require(summary.files.last)
        #expect(file.hasSuffix("chat/src/main/assets/chat#group_ram_3gb/model.gguf"))
        #expect(try text(FilePath(file)) == "chat 1.0")
    }

    @Test func whatFitsNoPhoneIsRefusedWithAdvice() throws {
        let shelf = try Shelf()
        try shelf.add("chat", gigabytes: 40)
        #expect {
            try shelf.session.exportPlay(PlayRequest(model: "chat"), to: shelf.scratch.appending("out")) { _, _, _ in }
        } throws: { "\($0)".contains("no build of chat@1.0.0") && "\($0)".contains("Shorten 'context'") }
        #expect {
            try shelf.session.exportMLC(
                MLCRequest(models: ["chat"], devices: ["iphone-15"]),
                to: shelf.scratch.appending("out")
            )
        } throws: { "\($0)".contains("no build of chat@1.0.0 fits") }
        #expect(!FileManager.default.fileExists(atPath: shelf.scratch.appending("out").string))
    }

    @Test func devicesOfTwoSystemsAreRefused() throws {
        let shelf = try Shelf()
        try shelf.add("chat", gigabytes: 1)
        let request = MLCRequest(models: ["chat"], devices: ["iphone-15", "pixel-8"])
        #expect {
            try shelf.session.exportMLC(request, to: shelf.scratch.appending("out"))
        } throws: { "\($0)".contains("one system at a time") }
    }

    @Test func theFiguresAreForWhatWasAsked() throws {
        let shelf = try Shelf()
        try shelf.add("chat", gigabytes: 1, bitsPerByte: 1.0)
        var request = MLCRequest(models: ["chat"], devices: ["pixel-8"])
        (request.context, request.prefill, request.hub) = (2048, 64, "acme")
        let folder = shelf.scratch.appending("out")
        try shelf.session.exportMLC(request, to: folder)
        let data = Data(try text(folder.appending("mlc-package-config.json")).utf8)
        let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(object["device"] as? String == "android")
        let entry = try #require((object["model_list"] as? [[String: Any]])?.first)
        #expect(entry["overrides"] as? [String: Int] == ["context_window_size": 2048, "prefill_chunk_size": 64])
        #expect(entry["model"] as? String == "HF://acme/chat-q4f16_1-MLC")
        let bytes = try #require(entry["estimated_vram_bytes"] as? Int)
        // One GB of weights, the cache of one narrow layer, and a buffer for 64 tokens.
        #expect((1_000_000_000...1_020_000_000).contains(bytes))
    }
}
