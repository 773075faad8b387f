import BinaryIO
import Distribution
import Foundation
import Registry
import Server
import SystemPackage
import TestSupport
import Testing

/// Files, manifests and the Hub's lists: the published bytes under every address.
@Suite struct FileRoutesTests {
    @Test func aFileComesWholeAndInRangesUnderBothAddresses() async throws {
        let build = try #require(try await TinyRegistry.builds().first)
        let bytes = try await TinyRegistry.bytes(of: build)
        try await ServedRegistry.run { served in
            for target in [
                "/v2/tiny/blobs/sha256:\(build.digest)", "/v2/edgepipe/tiny/blobs/sha256:\(build.digest)",
                "/edgepipe/tiny/resolve/main/tiny-\(build.name.type).gguf",
            ] {
                let whole = try await served.ask(target)
                #expect(whole.status == 200)
                #expect(whole.body == bytes)
                #expect(whole.headers["etag"] == "\"\(build.digest)\"")
                #expect(whole.headers["accept-ranges"] == "bytes")
                let head = try await served.ask(target, method: "HEAD")
                #expect(head.headers["content-length"] == "\(bytes.count)")
                #expect(head.body.isEmpty)
                for range in [0..<1, 1000..<400_000, (bytes.count - 5)..<bytes.count] {
                    let text = "bytes=\(range.lowerBound)-\(range.upperBound - 1)"
                    let part = try await served.ask(target, headers: ["Range": text])
                    #expect(part.status == 206)
                    #expect(part.body == Array(bytes[range]))
                    #expect(
                        part.headers["content-range"]
                            == "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(bytes.count)"
                    )
                }
                let several = try await served.ask(target, headers: ["Range": "bytes=0-1,4-5"])
                #expect(several.status == 200)
                #expect(several.body.count == bytes.count)
                let beyond = try await served.ask(target, headers: ["Range": "bytes=\(bytes.count)-"])
                #expect(beyond.status == 416)
                #expect(beyond.headers["content-range"] == "bytes */\(bytes.count)")
                let old = try await served.ask(target, headers: ["Range": "bytes=0-1", "If-Range": "\"old\""])
                #expect(old.status == 200)
                let known = try await served.ask(target, headers: ["If-None-Match": "\"\(build.digest)\""])
                #expect(known.status == 304)
            }
        }
    }

    @Test func aManifestIsThatOfAPush() async throws {
        let build = try #require(try await TinyRegistry.builds().first)
        let registry = try ModelRegistry(path: await TinyRegistry.path(), mode: .readOnly)
        defer { try? registry.close() }
        let documents = try registry.documents(of: build, with: [])
        try await ServedRegistry.run { served in
            for manifest in documents.manifests {
                let tag = try #require(manifest.tag)
                for reference in [tag, "sha256:\(manifest.digest)"] {
                    let answer = try await served.ask("/v2/tiny/manifests/\(reference)")
                    #expect(answer.body == manifest.bytes)
                    #expect(answer.headers["content-type"] == manifest.mediaType)
                    #expect(answer.headers["docker-content-digest"] == "sha256:\(manifest.digest)")
                }
            }
            for blob in documents.blobs.prefix(3) {
                #expect(try await served.ask("/v2/tiny/blobs/sha256:\(blob.digest)").body == blob.bytes)
            }
            // Ollama asks for one kind of manifest, and gets its own.
            let docker = "application/vnd.docker.distribution.manifest.v2+json"
            let tag = try #require(documents.manifests[0].tag)
            let own = try await served.ask("/v2/edgepipe/tiny/manifests/\(tag)", headers: ["Accept": docker])
            #expect(own.headers["content-type"] == docker)
            #expect(own.body == documents.manifests.first { $0.dialect == .ollama }?.bytes)
            let list = try await served.ask("/v2/tiny/referrers/sha256:\(documents.manifests[0].digest)")
            #expect(list.text.contains("vnd.edgepipe.build.v1+json"))
            let few = try await served.ask(
                "/v2/tiny/referrers/sha256:\(documents.manifests[0].digest)?artifactType=application/vnd.edgepipe.parts.v1%2Bjson"
            )
            #expect(few.headers["oci-filters-applied"] == "artifactType")
            #expect(!few.text.contains("vnd.edgepipe.build.v1+json"))
            let none = try await served.ask("/v2/tiny/referrers/sha256:\(build.digest)")
            #expect(none.status == 200)
            #expect(none.text.contains(#""manifests":[]"#))
        }
    }

    @Test func tagsComePageByPageInOrder() async throws {
        try await ServedRegistry.run { served in
            let all = try await served.ask("/v2/tiny/tags/list")
            let tags = try #require(try JSONValue(parsing: all.body)["tags"]?.array?.compactMap(\.string))
            #expect(tags == tags.sorted())
            #expect(tags.contains("edgepipe-index"))
            var found: [String] = []
            var next: String? = "/v2/tiny/tags/list?n=2"
            while let target = next {
                let page = try await served.ask(target)
                found += try JSONValue(parsing: page.body)["tags"]?.array?.compactMap(\.string) ?? []
                next = page.headers["link"].map { String($0.dropFirst().prefix { $0 != ">" }) }
            }
            #expect(found == tags)
        }
    }

    @Test func theHubsClientsFindFilesAndReasons() async throws {
        let build = try #require(try await TinyRegistry.builds().first)
        try await ServedRegistry.run { served in
            let refs = try await served.ask("/api/models/edgepipe/tiny/refs")
            let branches = try #require(try JSONValue(parsing: refs.body)["branches"]?.array)
            let commit = try #require(branches.first?["targetCommit"]?.string)
            #expect(commit.wholeMatch(of: /[0-9a-f]{40}/) != nil)
            let tree = try await served.ask("/api/models/edgepipe/tiny/tree/\(commit)?recursive=true&expand=false")
            let files = try #require(try JSONValue(parsing: tree.body).array)
            let file = try #require(files.first { $0["path"]?.string == "tiny-\(build.name.type).gguf" })
            #expect(file["lfs"]?["oid"]?.string == "\(build.digest)")
            #expect(file["size"]?.integer == build.fileBytes)
            let info = try await served.ask("/api/models/edgepipe/tiny/revision/1.0.0")
            #expect(try JSONValue(parsing: info.body)["sha"]?.string == commit)
            let resolved = try await served.ask(
                "/edgepipe/tiny/resolve/\(commit)/tiny-\(build.name.type).gguf",
                method: "HEAD"
            )
            #expect(resolved.headers["x-repo-commit"] == commit)
            #expect(resolved.headers["x-linked-size"] == "\(build.fileBytes)")
            for (target, code) in [
                ("/edgepipe/tiny/resolve/main/none.gguf", "EntryNotFound"),
                ("/api/models/edgepipe/none", "RepoNotFound"),
                ("/api/models/other/tiny", "RepoNotFound"), ("/api/models/edgepipe/tiny/tree/none", "RevisionNotFound"),
                ("/edgepipe/tiny/resolve/none/tiny-q8_0.gguf", "RevisionNotFound"),
            ] {
                let answer = try await served.ask(target)
                #expect(answer.status == 404, "\(target)")
                #expect(answer.headers["x-error-code"] == code, "\(target)")
            }
        }
    }

    @Test(arguments: [
        ("/v2/UPPER/manifests/a", 400, "NAME_INVALID"), ("/v2/none/manifests/a", 404, "NAME_UNKNOWN"),
        ("/v2/tiny/manifests/none", 404, "MANIFEST_UNKNOWN"), ("/v2/tiny/manifests/sha256:12", 400, "DIGEST_INVALID"),
        ("/v2/tiny/blobs/sha256:\(String(repeating: "0", count: 64))", 404, "BLOB_UNKNOWN"),
        ("/v2/tiny/blobs/md5:00", 400, "DIGEST_INVALID"), ("/v2/other/tiny/tags/list", 404, "NAME_UNKNOWN"),
        ("/v2/tiny/tags/list?n=x", 400, "UNSUPPORTED"),
    ])
    func anOCIClientIsToldInItsOwnForm(target: String, status: Int, code: String) async throws {
        try await ServedRegistry.run { served in
            let answer = try await served.ask(target)
            #expect(answer.status == status)
            #expect(answer.text.contains("\"code\":\"\(code)\""), "\(answer.text)")
        }
    }

    @Test func aDamagedPartEndsTheTransferInsteadOfLying() async throws {
        let scratch = try ScratchFolder()
        let path = try await TinyRegistry.copy(to: scratch)
        let build = try #require(try await TinyRegistry.builds().first)
        for pack in try FileManager.default.subpathsOfDirectory(atPath: path.string + ".objects/packs")
        where pack.contains("/") {
            let file = path.string + ".objects/packs/" + pack
            var bytes = try Data(contentsOf: URL(fileURLWithPath: file))
            for offset in stride(from: 0, to: bytes.count, by: 100) { bytes[offset] ^= 0xff }
            try bytes.write(to: URL(fileURLWithPath: file))
        }
        try await ServedRegistry.run(path) { served in
            let answer = try await served.send(
                Array(
                    "GET /v2/tiny/blobs/sha256:\(build.digest) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".utf8
                )
            )
            #expect((answer?.body.count ?? 0) < build.fileBytes)
            #expect(try await served.ask("/healthz").status == 200)
        }
    }
}
