import Answers
import BinaryIO
import Foundation
import Registry
import Server
import StepsTestSupport
import SystemPackage
import TestSupport
import Testing

/// What programs read is what the commands print.
@Suite struct APIRoutesTests {
    @Test func aQueryAnswersWhatTheCommandPrints() async throws {
        let registry = TestRegistry(try await TinyRegistry.path())
        var query = try BuildQuery(ram: "3GB", platform: "android", maxSize: nil)
        query.tags = []
        let expected = try RecordText.json(registry.answer(query))
        let builds = try RecordText.json(registry.builds())
        try await ServedRegistry.run { served in
            let answer = try await served.ask("/api/v1/query?ram=3GB&platform=android")
            #expect(answer.status == 200)
            #expect(answer.headers["content-type"] == "application/json")
            #expect(answer.text == expected)
            #expect(try await served.ask("/api/v1/builds").text == builds)
        }
    }

    @Test func anAnswerThatIsKnownIsNotSentAgain() async throws {
        try await ServedRegistry.run { served in
            let first = try await served.ask("/api/v1/builds")
            let etag = try #require(first.headers["etag"])
            let second = try await served.ask("/api/v1/builds", headers: ["If-None-Match": "\"other\", \(etag)"])
            #expect(second.status == 304)
            #expect(second.body.isEmpty)
            #expect(second.headers["etag"] == etag)
            let head = try await served.ask("/api/v1/builds", method: "HEAD")
            #expect(head.headers["content-length"] == "\(first.body.count)")
            #expect(head.body.isEmpty)
        }
    }

    @Test(arguments: [
        ("/api/v1/query?rem=3GB", 400, "Did you mean 'ram'?"), ("/api/v1/query?ram=3GB", 400, "'platform"),
        ("/api/v1/query?ram=much&platform=ios", 400, "much"), ("/api/v1/query?model=tini", 404, "Did you mean 'tiny'?"),
        ("/api/v1/builds/none", 404, "nothing is published"), ("/api/v1/builds/UPPER", 400, "cannot be the name"),
        ("/api/v1/builds/tiny", 400, "several types"), ("/api/v1/fit", 400, "'build' is missing"),
        ("/api/v1/fit?build=tiny:q8_0&device=pixle-8", 400, "pixel-8"), ("/api/v1/models/none/versions", 404, "tiny"),
        ("/api/v1/devices/none", 404, "none"), ("/none", 404, "nothing under this path"),
        ("/api/v1/compare", 400, "platform"), ("/api/v1/query?context=0", 400, "'context' takes"),
    ])
    func aRefusalSaysWhatToDo(target: String, status: Int, words: String) async throws {
        try await ServedRegistry.run { served in
            let answer = try await served.ask(target)
            #expect(answer.status == status)
            #expect(answer.text.contains(words), "\(answer.text)")
            #expect(answer.text.hasPrefix(#"{"error":{"code":""#))
            #expect(!answer.text.contains("--"), "a request has no options: \(answer.text)")
        }
    }

    @Test func everyDocumentedRouteAnswers() async throws {
        try await ServedRegistry.run { served in
            for target in [
                "/api/v1/builds/tiny:q8_0", "/api/v1/builds/tiny:q8_0/deltas", "/api/v1/models",
                "/api/v1/models/tiny/versions",
                "/api/v1/models/tiny/channels", "/api/v1/devices?word=pixel&since=2023", "/api/v1/devices/pixel-8",
                "/healthz",
                "/api/v1/fit?build=tiny:q8_0&device=pixel-8", "/api/v1/compare?platform=ios&lang=ru", "/openapi.json",
            ] {
                let answer = try await served.ask(target)
                #expect(answer.status == 200, "\(target): \(answer.text.prefix(300))")
            }
            let other = try await served.ask("/api/v1/builds", method: "DELETE")
            #expect(other.status == 405)
            #expect(other.headers["allow"] == "GET, HEAD")
        }
    }

    @Test func aRegistryThatIsTakenAwayIsMissedUntilItComesBack() async throws {
        let scratch = try ScratchFolder()
        let path = try await TinyRegistry.copy(to: scratch)
        try await ServedRegistry.run(path) { served in
            #expect(try await served.ask("/api/v1/builds").status == 200)
            try FileManager.default.moveItem(atPath: path.string, toPath: path.string + ".away")
            let missing = try await served.ask("/api/v1/builds")
            #expect(missing.status == 503)
            #expect(missing.headers["retry-after"] != nil)
            #expect(!missing.text.contains(scratch.path.string), "paths are the operator's business")
            #expect(try await served.ask("/healthz").status == 503)
            try FileManager.default.moveItem(atPath: path.string + ".away", toPath: path.string)
            #expect(try await served.ask("/api/v1/builds").status == 200)
        }
    }

    @Test func whatIsPublishedMeanwhileIsAnsweredAtOnce() async throws {
        let scratch = try ScratchFolder()
        let path = try await TinyRegistry.copy(to: scratch)
        try await ServedRegistry.run(path) { served in
            let before = try await served.ask("/api/v1/models/tiny/channels")
            try RegistrySession.with(path, .changing) { session in
                _ = try session.promote(
                    "tiny@1.0.0",
                    to: "production",
                    expecting: nil,
                    because: MoveReason(who: "test", why: "to be seen")
                )
            }
            let after = try await served.ask("/api/v1/models/tiny/channels")
            #expect(!before.text.contains("production"))
            #expect(after.text.contains("production"))
            #expect(before.headers["etag"] != after.headers["etag"])
        }
    }
}
