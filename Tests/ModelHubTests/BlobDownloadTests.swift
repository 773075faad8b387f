import Foundation
import ModelHub
import SystemPackage
import TestSupport
import Testing
import Transfer

/// Connections that are cut, servers that lie, and bytes that are wrong.
@Suite struct BlobDownloadTests {
    private let downloads = Downloads()
    private static let size = Downloads.weights.count

    /// A server that answers requests for the weights otherwise.
    private func hub(
        _ misbehaving: @escaping @Sendable (SmallHub.Request, SmallHub.Answer, Int) -> SmallHub.Answer?
    ) throws -> SmallHub {
        try SmallHub(Downloads.files) { request, answer, count in
            request.target.hasSuffix("/model.safetensors") ? misbehaving(request, answer, count) : nil
        }
    }

    /// Cuts the connection once so many more bytes lie in the unfinished file.
    private func cut(_ answer: SmallHub.Answer, after count: Int, at size: Int? = nil) -> SmallHub.Answer {
        var answer = answer
        answer.cutAfter = count
        answer.mayCut = { [downloads] in downloads.bytes(downloads.partial)?.count == size ?? count }
        return answer
    }

    private func ranges(_ hub: SmallHub) -> [String?] {
        hub.requests.filter { $0.target.hasSuffix("/model.safetensors") }.map { $0.headers["range"] }
    }

    private func expectWeights() {
        #expect(downloads.digest(downloads.snapshot.appending("model.safetensors")) == Downloads.model.digest)
    }

    @Test func aCutConnectionGoesOnWhereItWasCut() async throws {
        let hub = try hub { _, answer, count in
            count < 2 ? cut(answer, after: 100_000, at: (count + 1) * 100_000) : answer
        }
        try await downloads.fetch(from: hub)
        expectWeights()
        #expect(ranges(hub) == [nil, "bytes=100000-", "bytes=200000-"])
    }

    @Test func anotherRunGoesOnWhereTheFirstStopped() async throws {
        let broken = try hub { _, answer, count in cut(answer, after: count == 0 ? 123_456 : 0, at: 123_456) }
        let error = await downloads.failure(from: broken)
        #expect(error == .unreachable(host: "127.0.0.1", reason: "the connection was cut"))
        let isKept = downloads.bytes(downloads.partial) == Array(Downloads.weights.prefix(123_456))
        #expect(isKept, "what came stays")
        #expect(ranges(broken).count == 3, "it was tried three times in all")
        let sound = try SmallHub(Downloads.files)
        try await downloads.fetch(from: sound)
        expectWeights()
        #expect(ranges(sound) == ["bytes=123456-"])
    }

    @Test func aServerThatIgnoresTheRangeIsHeardFromTheStart() async throws {
        let hub = try hub { _, answer, count in
            let all = SmallHub.Answer(200, body: Downloads.weights)
            return count == 0 ? cut(all, after: 50_000) : all
        }
        try await downloads.fetch(from: hub)
        expectWeights()
    }

    @Test(arguments: [true, false])
    func aServerThatRefusesOrChangesTheRangeIsHeardFromTheStart(_ isRefused: Bool) async throws {
        let wrong =
            isRefused
            ? SmallHub.Answer(416) : SmallHub.Answer(206, headers: ["Content-Range": "bytes 0-2/3"], body: [1, 2, 3])
        let hub = try hub { _, answer, count in
            count == 0 ? cut(answer, after: 50_000) : count == 1 ? wrong : answer
        }
        try await downloads.fetch(from: hub)
        expectWeights()
        #expect(ranges(hub) == [nil, "bytes=50000-", nil])
    }

    /// Bytes of another file, left by whoever: only the digest finds them.
    @Test(arguments: [1, 299_999, 300_000, 400_000])
    func wrongBytesOfAnEarlierRunAreFetchedAnew(_ count: Int) async throws {
        let folder = downloads.partial.removingLastComponent()
        try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
        try Data(repeating: 7, count: count).write(to: URL(fileURLWithPath: downloads.partial.string))
        try await downloads.fetch(from: try SmallHub(Downloads.files))
        expectWeights()
    }

    @Test func bytesThatAreWrongTwiceAreAnError() async throws {
        var wrong = Downloads.weights
        wrong[150_000] ^= 1
        let hub = try hub { [wrong] _, answer, _ in .init(200, body: wrong) }
        let error = await downloads.failure(from: hub)
        guard case .wrongDigest(let file, let expected, let found) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(file == "model.safetensors" && expected == Downloads.model.digest && found != expected)
        #expect(ranges(hub) == [nil, nil])
        #expect(downloads.bytes(downloads.partial) == nil && downloads.bytes(downloads.blob(Downloads.model)) == nil)
    }

    /// Small files have git's digest.
    @Test func wrongBytesOfASmallFileAreFoundToo() async throws {
        let hub = try SmallHub(Downloads.files) { request, _, _ in
            request.target.hasSuffix("/tokenizer.json") ? .init(200, body: Array("[]".utf8)) : nil
        }
        let error = await downloads.failure(from: hub)
        #expect(error?.description.contains("'tokenizer.json' came twice") == true)
    }

    /// The header contradicts the listing, before any byte is read.
    @Test(arguments: ["299999", "300001", "9223372036854775808", "-1", "many"])
    func anAnnouncedLengthThatLiesIsRefused(_ length: String) async throws {
        let hub = try hub { _, _, _ in .init(200, body: Downloads.weights, announcedLength: length) }
        let error = await downloads.failure(from: hub)
        #expect(error != nil && error?.isBadInput == false)
        #expect(downloads.bytes(downloads.blob(Downloads.model)) == nil)
    }

    /// No length is announced, so that only the count of what comes can tell.
    @Test(arguments: [-1, 1])
    func moreOrFewerBytesThanListedAreRefused(_ difference: Int) async throws {
        let bytes = Array((Downloads.weights + [0]).prefix(Self.size + difference))
        let hub = try hub { request, _, _ in
            let start = request.headers["range"].flatMap { Int($0.dropFirst(6).dropLast()) } ?? 0
            return .init(
                start == 0 ? 200 : 206,
                headers: start == 0 ? [:] : ["Content-Range": "bytes \(start)-\(Self.size - 1)/\(Self.size)"],
                body: bytes.dropFirst(start),
                announcedLength: ""
            )
        }
        guard case .badAnswer(_, let about, _) = await downloads.failure(from: hub) else {
            Issue.record("no error")
            return
        }
        #expect(about == "'model.safetensors'")
        #expect(downloads.bytes(downloads.blob(Downloads.model)) == nil)
    }

    @Test func aSilentConnectionIsGivenUpAndTriedAgain() async throws {
        let hub = try hub { _, answer, count in
            var answer = answer
            if count == 0 { answer.delay = 2 }
            return answer
        }
        var settings = downloads.settings(hub)
        settings.transport.idleTimeout = .milliseconds(200)
        try await downloads.fetch(from: hub, "main", settings)
        expectWeights()
    }

    /// A rate that no server reaches, from the first piece on.
    @Test func aServerThatOnlyHoldsTheConnectionIsGivenUp() async throws {
        let hub = try SmallHub(Downloads.files)
        var settings = downloads.settings(hub)
        settings.transport.lowestRate = LowestRate(bytesPerSecond: 1 << 40, window: .zero)
        guard case .unreachable(_, let reason) = await downloads.failure(from: hub, "main", settings) else {
            Issue.record("no error")
            return
        }
        #expect(reason.contains("bytes came within"))
        #expect(hub.requests.count == 3, "it was tried three times in all")
    }

    @Test func headersThatComeTooSlowlyAreGivenUp() async throws {
        let hub = try hub { _, answer, _ in
            Thread.sleep(forTimeInterval: 1)
            return answer
        }
        var settings = downloads.settings(hub)
        settings.transport.answerTimeout = .milliseconds(100)
        let error = await downloads.failure(from: hub, "main", settings)
        #expect(error == .unreachable(host: "127.0.0.1", reason: "no answer within 0 seconds"))
    }

    @Test func aFullDiskIsFoundBeforeAnythingIsFetched() async throws {
        let hub = try SmallHub(Downloads.files)
        var settings = downloads.settings(hub)
        settings.freeBytes = { _ in 1000 }
        guard case .diskFull(let path, let needed, let free) = await downloads.failure(from: hub, "main", settings)
        else {
            Issue.record("no error")
            return
        }
        #expect(path == downloads.cache && needed > Self.size && free == 1000)
        #expect(hub.fetched == [])
    }
}
