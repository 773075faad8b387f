import Answers
import BinaryIO
import Distribution
import Foundation
import Registry
import Server
import Steps
import StepsTestSupport
import SystemPackage
import TestSupport
import Testing

/// Who asks a server as a registry gets the registry's answers; people get pages, and phones what leads to a build.
@Suite struct FromAfarTests {
    private let scratch: ScratchFolder

    init() throws { scratch = try ScratchFolder() }

    private func place(_ served: ServedRegistry, cache: FilePath) throws -> RegistryPlace {
        guard case .remote(var place) = try RegistryPlace("http://127.0.0.1:\(served.port)", isInsecure: false) else {
            throw RawFailure(description: "an address is a place afar")
        }
        place.environment = ["EDGEPIPE_CACHE": cache.string]
        return .remote(place)
    }

    // MARK: - A registry

    @Test func aServerAnswersAsItsRegistry() async throws {
        let cache = scratch.appending("cache")
        try await ServedRegistry.run { served in
            let place = try place(served, cache: cache)
            let query = try BuildQuery(ram: "3GB", platform: "android", maxSize: nil)
            let far = try await onOwnThread {
                try place.reading(progress: { _, _, _ in }) { try RecordText.json(query.answer(from: $0)) }
            }
            let registry = try await TinyRegistry.path()
            let near = try RegistrySession.with(registry) { try RecordText.json(query.answer(from: $0)) }
            #expect(far == near)
        }
    }

    @Test func aBuildIsPulledByItsNameFromAServer() async throws {
        let (cache, output) = (scratch.appending("cache"), scratch.appending("pulled.gguf"))
        let build = try #require(try await TinyRegistry.builds().first)
        try await ServedRegistry.run { served in
            let place = try place(served, cache: cache)
            let report = try await onOwnThread {
                try Operations.pull(.init("\(build.name)", to: output), from: place) { _, _, _ in }
            }
            #expect(report.sha256 == build.digest)
            #expect(try SHA256Digest(ofFile: output) == build.digest)
        }
    }

    @Test(arguments: ["http://127.0.0.1:1/models", "https://host/?q=1"])
    func aServerIsAskedAtItsRoot(_ address: String) {
        #expect(throws: DistributionError.self) { try RegistryPlace(address, isInsecure: false) }
    }

    // MARK: - Pages

    @Test(arguments: ["/", "/query", "/query?ram=3GB&platform=android", "/query?ram=3GB&platform=android&lang=ru"])
    func pagesHoldNoScriptAndSaySoInTheirPolicy(_ path: String) async throws {
        try await ServedRegistry.run { served in
            let answer = try await served.ask(path, headers: ["Accept": "text/html"])
            #expect(answer.status == 200)
            #expect(answer.headers["content-type"] == "text/html; charset=utf-8")
            #expect(answer.headers["content-security-policy"]?.hasPrefix("default-src 'none'") == true)
            let text = String(decoding: answer.body, as: UTF8.self)
            #expect(text.contains("<!DOCTYPE html>") && !text.contains("<script"))
            #expect(text.contains("lang=\"\(path.hasSuffix("lang=ru") ? "ru" : "en")\""))
        }
    }

    @Test func everyLinkOfAPageLeadsToSomething() async throws {
        try await ServedRegistry.run { served in
            var seen: Set<String> = []
            var waiting = ["/"]
            while let path = waiting.popLast(), seen.count < 60 {
                guard seen.insert(path).inserted else { continue }
                let answer = try await served.ask(path, method: path.contains("/resolve/") ? "HEAD" : "GET")
                #expect(answer.status == 200, "\(path)")
                guard answer.headers["content-type"]?.hasPrefix("text/html") == true else { continue }
                let text = String(decoding: answer.body, as: UTF8.self)
                for match in text.matches(of: /(?:href|action)="(\/[^"#]*)"/) {
                    waiting.append(String(match.1).replacing("&amp;", with: "&"))
                }
            }
            #expect(seen.contains { $0.hasPrefix("/builds/") } && seen.contains { $0.contains("/resolve/") })
        }
    }

    @Test func aBrowserIsToldInAPageWhatWentWrong() async throws {
        try await ServedRegistry.run { served in
            let page = try await served.ask("/no/such/page", headers: ["Accept": "text/html", "Accept-Language": "ru"])
            #expect(page.status == 404 && page.headers["content-type"] == "text/html; charset=utf-8")
            #expect(String(decoding: page.body, as: UTF8.self).contains("Не получилось"))
            let json = try await served.ask("/no/such/page")
            #expect(json.status == 404 && json.headers["content-type"] == "application/json")
        }
    }

    // MARK: - Updates

    @Test func aDeltaIsListedAndLeadsToTheBuild() async throws {
        let registry = try await TinyRegistry.copy(to: scratch)
        let builds = try await TinyRegistry.builds()
        let new = try #require(builds.first { $0.name.type == "q8_0" })
        let (old, output) = (scratch.appending("old.gguf"), scratch.appending("new.gguf"))
        var bytes = try await TinyRegistry.bytes(of: new)
        for place in bytes.indices.suffix(200) { bytes[place] ^= 1 }
        try writeFile(bytes, to: old)
        let opened = try ModelRegistry(path: registry, mode: .openExisting)
        let before = try opened.publish(
            Publication(
                model: new.name.model,
                version: try ModelVersion(parsing: "0.9.0"),
                builds: [BuildDraft(type: "q8_0", file: old, facts: new.facts)],
                toolVersion: "0.1.0"
            )
        )
        #expect(!before.isEmpty)
        try opened.close()
        try await ServedRegistry.run(registry) { served in
            let none = try await served.ask("/api/v1/builds/\(new.name)/deltas")
            #expect(String(decoding: none.body, as: UTF8.self).filter { !$0.isWhitespace } == "[]")
            let made = try await onOwnThread {
                try Operations.keepDelta(
                    from: "\(new.name.model)@0.9.0:q8_0",
                    to: "\(new.name)",
                    in: .file(registry),
                    threads: 1
                ) { _, _, _ in }
            }
            let listed = try await served.ask("/api/v1/builds/\(new.name)/deltas")
            let text = String(decoding: listed.body, as: UTF8.self)
            #expect(text.contains("\(made.digest)") && text.contains("\(made.from)") && !text.contains(registry.string))
            let report = try await onOwnThread {
                var pull = RemotePull(
                    from: try RemotePlace(
                        "oci://127.0.0.1:\(served.port)/\(new.name.model):\(new.name.version)-q8_0",
                        isInsecure: true
                    )
                )
                pull.since = old
                return try pull.write(to: output) { _, _, _ in }
            }
            #expect(report.update == "delta" && report.bytesFetched == made.bytes)
            #expect(try SHA256Digest(ofFile: output) == new.digest)
        }
    }
}
