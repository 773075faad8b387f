import Answers
import BinaryIO
import Distribution
import Foundation
import Registry
import Server
import StepsTestSupport
import SystemPackage
import TestSupport
import Testing
import Transfer

/// Builds come in by the client that every registry gets, and nothing else does.
@Suite struct ReceivingTests {
    private let scratch: ScratchFolder
    private let token: String
    private var file: FilePath { scratch.appending("tokens.json") }
    private var empty: FilePath { scratch.appending("empty.db") }

    init() throws {
        scratch = try ScratchFolder()
        token = try TokenFile.adding(model: "tiny", allow: "push", expires: "1d", to: scratch.appending("tokens.json"))
            .token
        try RegistryCare.initialize(scratch.appending("empty.db"))
    }

    private func served(_ body: (ServedRegistry) async throws -> Void) async throws {
        try await ServedRegistry.run(
            empty,
            { [file] settings in (settings.isWritable, settings.tokens) = (true, file) },
            body
        )
    }

    private func push(_ names: [String], to served: ServedRegistry, _ path: String, _ token: String?) async throws
        -> PushReport
    {
        let registry = try await TinyRegistry.path()
        let port = served.port
        return try await onOwnThread {
            let source = try ModelRegistry(path: registry, mode: .readOnly)
            defer { try? source.close() }
            var place = try RemotePlace("oci://127.0.0.1:\(port)/\(path)", isInsecure: true)
            place.transport.retries.base = .milliseconds(1)
            place.transport.retries.longest = .milliseconds(10)
            place.environment = token.map { ["EDGEPIPE_OCI_USER": "any", "EDGEPIPE_OCI_PASSWORD": $0] } ?? [:]
            return try RegistryPush(from: source).run(names, to: place) { _, _, _ in }
        }
    }

    @Test func aPushedBuildIsPublishedAndItsManifestsStayAsTheyWereSent() async throws {
        try await served { served in
            let report = try await push([], to: served, "tiny", token)
            let builds = try TestRegistry(empty).builds()
            let own = try await TinyRegistry.builds()
            #expect(builds.map(\.digest) == own.map(\.digest))
            #expect(builds.map(\.name) == own.map(\.name))
            // Ollama asks by the usual tag, and takes its own kind of manifest.
            let docker = "application/vnd.docker.distribution.manifest.v2+json"
            let tag = try #require(try OCIReference(report.pushed[0].reference).tag)
            let ollama = try await served.ask("/v2/tiny/manifests/\(tag)", headers: ["Accept": docker])
            #expect(ollama.headers["content-type"] == docker)
            let pushed = report.pushed.first { $0.build == report.pushed[0].build && $0.dialect == .ollama }
            #expect(ollama.headers["docker-content-digest"] == pushed?.digest)
            for manifest in report.pushed {
                let reference = try OCIReference(manifest.reference)
                for name in [try #require(reference.tag), manifest.digest] {
                    let answer = try await served.ask("/v2/tiny/manifests/\(name)")
                    #expect(answer.headers["docker-content-digest"] == manifest.digest)
                    #expect("sha256:\(SHA256Digest(of: answer.body))" == manifest.digest)
                }
            }
            let details = try TestRegistry(empty).details(of: "tiny:q8_0")
            #expect(!details.measurements.isEmpty && !details.fits.isEmpty && !details.lineage.isEmpty)
            // The same again sends nothing.
            #expect(try await push([], to: served, "tiny", token).bytesSent == 0)
            let blob = try await served.ask("/v2/tiny/blobs/sha256:\(builds[0].digest)")
            let bytes = try await TinyRegistry.bytes(of: builds[0])
            #expect(blob.body == bytes)
            #expect(try TestRegistry(empty).verify(readData: true).isSound)
        }
    }

    @Test func nobodyPushesWithoutATokenForTheModel() async throws {
        let other = try TokenFile.adding(model: "else", allow: "push", expires: nil, to: file).token
        let reading = try TokenFile.adding(model: "tiny", allow: "pull", expires: nil, to: file).token
        try await served { served in
            for token in [nil, other, reading, "hf_\(String(repeating: "x", count: 40))"] {
                await #expect(throws: DistributionError.self) { _ = try await push([], to: served, "tiny", token) }
            }
            let builds = try TestRegistry(empty).builds()
            #expect(builds.isEmpty)
            for report in served.reports { #expect(!report.contains(token)) }
        }
    }

    @Test func aReadOnlyServerTakesNothing() async throws {
        try await ServedRegistry.run(empty, { [file] in $0.tokens = file }) { served in
            let answer = try await served.ask(
                "/v2/tiny/blobs/uploads/",
                method: "POST",
                headers: ["Authorization": "Bearer \(token)", "Content-Length": "0"]
            )
            #expect(answer.status == 405)
            #expect(answer.text.contains("UNSUPPORTED"))
        }
    }

    private func upload(_ bytes: [UInt8], _ served: ServedRegistry) async throws -> RawAnswer {
        let own = ["Authorization": "Bearer \(token)"]
        let begun = try await served.ask(
            "/v2/tiny/blobs/uploads/",
            method: "POST",
            headers: own.merging(["Content-Length": "0"]) { first, _ in first }
        )
        #expect(begun.status == 202)
        let place = try #require(begun.headers["location"])
        return try await served.ask(
            "\(place)?digest=sha256:\(SHA256Digest(of: bytes))",
            method: "PUT",
            headers: own,
            body: bytes
        )
    }

    @Test func whatIsNoBuildIsRefusedInTheSpecificationsForm() async throws {
        try await served { served in
            let config = Array("{}".utf8)
            #expect(try await upload(config, served).status == 201)
            let digest = "sha256:\(SHA256Digest(of: config))"
            let layer = "{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\",\"digest\":\"\(digest)\",\"size\":2}"
            let image = """
                {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":\(layer),"layers":[\(layer)]}
                """
            let gguf = image.replacing(
                "application/vnd.oci.image.layer.v1.tar",
                with: "application/vnd.docker.ai.gguf.v3"
            )
            let gone = gguf.replacing(digest, with: "sha256:\(String(repeating: "0", count: 64))")
            for (document, code) in [
                (image, "MANIFEST_INVALID"), (gguf, "MANIFEST_INVALID"), (gone, "MANIFEST_BLOB_UNKNOWN"),
                ("{}", "MANIFEST_INVALID"), ("not JSON", "MANIFEST_INVALID"),
                (image.replacing("\"layers\"", with: "\"manifests\":[],\"layers\""), "MANIFEST_INVALID"),
            ] {
                let answer = try await served.ask(
                    "/v2/tiny/manifests/latest",
                    method: "PUT",
                    headers: [
                        "Authorization": "Bearer \(token)",
                        "Content-Type": "application/vnd.oci.image.manifest.v1+json",
                    ],
                    body: Array(document.utf8)
                )
                #expect(answer.status == 400)
                #expect(answer.text.contains(code), "\(answer.text)")
            }
            let long = try await served.ask(
                "/v2/tiny/manifests/latest",
                method: "PUT",
                headers: ["Authorization": "Bearer \(token)"],
                body: [UInt8](repeating: 0x20, count: (4 << 20) + 1)
            )
            #expect(long.status == 413)
        }
    }

    @Test func anUploadGoesOnBehindWhatCameAndChecksItsDigest() async throws {
        try await served { served in
            let own = ["Authorization": "Bearer \(token)"]
            let begun = try await served.ask(
                "/v2/tiny/blobs/uploads/",
                method: "POST",
                headers: own.merging(["Content-Length": "0"]) { first, _ in first }
            )
            let place = try #require(begun.headers["location"])
            func chunk(_ text: String, _ range: String) async throws -> RawAnswer {
                try await served.ask(
                    place,
                    method: "PATCH",
                    headers: own.merging(["Content-Range": range]) { first, _ in first },
                    body: Array(text.utf8)
                )
            }
            #expect(try await chunk("hello", "0-4").status == 202)
            let late = try await chunk("world", "7-11")
            #expect(late.status == 416)
            #expect(late.headers["range"] == "0-4")
            let state = try await served.ask(place, headers: own)
            #expect(state.status == 204)
            #expect(state.headers["range"] == "0-4")
            let wrong = try await served.ask(
                "\(place)?digest=sha256:\(String(repeating: "0", count: 64))",
                method: "PUT",
                headers: own.merging(["Content-Length": "0"]) { first, _ in first }
            )
            #expect(wrong.status == 400)
            #expect(wrong.text.contains("DIGEST_INVALID"))
            #expect(try await served.ask(place, headers: own).status == 404)
        }
    }
}
