import BinaryIO
import Foundation
import Pipeline
import Server
import SystemPackage
import TestSupport
import Testing

/// Results of steps over HTTP.
@Suite struct CacheRoutesTests {
    private let scratch: ScratchFolder
    private let folder: FilePath
    private let bytes = Array("a file of some step".utf8)

    init() throws {
        scratch = try ScratchFolder()
        folder = scratch.appending("cache")
    }

    private var file: CachedFile { CachedFile(digest: SHA256Digest(of: bytes), byteCount: bytes.count) }

    private func tokens(for model: String) throws -> (file: FilePath, token: String) {
        let path = scratch.appending("tokens.json")
        let made = try TokenFile.adding(model: model, allow: "push", expires: nil, to: path)
        return (path, made.token)
    }

    @Test func filesAndRecordsAreReadAndNothingIsWrittenWithoutLeave() async throws {
        try CacheFolder(folder).prepare(forWriting: true)
        try scratch.write(Data(bytes), to: "file")
        try CacheFolder(folder).copy(file, from: scratch.appending("file"))
        let (file, folder) = (file, folder)
        try await ServedRegistry.run(nil, { $0.cache = folder }) { served in
            let whole = try await served.ask("/cas/\(file.digest)")
            #expect(whole.status == 200 && whole.body == bytes && whole.headers["etag"] == "\"\(file.digest)\"")
            let part = try await served.ask("/cas/\(file.digest)", headers: ["Range": "bytes=2-5"])
            #expect(part.status == 206 && part.body == Array(bytes[2...5]))
            let head = try await served.ask("/cas/\(file.digest)", method: "HEAD")
            #expect(head.status == 200 && head.headers["content-length"] == "\(bytes.count)" && head.body.isEmpty)
            let none = SHA256Digest(of: [])
            #expect(try await served.ask("/cas/\(none)").status == 404)
            #expect(try await served.ask("/ac/\(none)").status == 404)
            for target in ["/ac/x", "/cas/..%2f..", "/cas/\("\(none)".uppercased())", "/cas/\(none)0"] {
                let answer = try await served.ask(target)
                #expect(answer.status == 400 || answer.status == 404, "\(target)")
            }
            #expect(try await served.ask("/cas/\(none)", method: "PUT", body: [1]).status == 401)
        }
        try await ServedRegistry.run { served in
            let answer = try await served.ask("/cas/\(file.digest)")
            #expect(answer.status == 404, "no cache is served")
        }
    }

    @Test func onlyWhatIsWholeIsTaken() async throws {
        let (tokens, token) = try tokens(for: "*")
        let (folder, file) = (folder, file)
        try await ServedRegistry.run(
            nil,
            {
                ($0.cache, $0.isWritable, $0.tokens) = (folder, true, tokens)
                $0.limits.diskFloorBytes = 0
            }
        ) { served in
            let headers = ["Authorization": "Bearer \(token)"]
            func put(_ target: String, _ body: [UInt8]) async throws -> Int {
                try await served.ask(target, method: "PUT", headers: headers, body: body).status
            }
            let anonymous = try await served.ask("/cas/\(file.digest)", method: "PUT", body: bytes)
            #expect(anonymous.status == 401)
            #expect(try await put("/cas/\(file.digest)", bytes + [0]) == 400)
            #expect(try await put("/cas/\(file.digest)", Array(bytes.dropLast())) == 400)
            #expect(try await served.ask("/cas/\(file.digest)").status == 404)
            #expect(try await put("/cas/\(file.digest)", bytes) == 201)
            #expect(try await put("/cas/\(file.digest)", bytes) == 201, "twice is harmless")
            #expect(try await served.ask("/cas/\(file.digest)").body == bytes)
            #expect(try await put("/ac/\(file.digest)", Array("{}".utf8)) == 400, "no record")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.appending("tmp").string) == [])
        }
    }

    /// A token for one model must not write what all pipelines read.
    @Test func aTokenForOneModelWritesNothing() async throws {
        let (tokens, token) = try tokens(for: "tiny")
        let (folder, file) = (folder, file)
        try await ServedRegistry.run(nil, { ($0.cache, $0.isWritable, $0.tokens) = (folder, true, tokens) }) { served in
            for target in ["/cas/\(file.digest)", "/cas/\(file.digest)?model=tiny"] {
                let answer = try await served.ask(
                    target,
                    method: "PUT",
                    headers: ["Authorization": "Bearer \(token)"],
                    body: bytes
                )
                #expect([400, 401, 403].contains(answer.status), "\(target): \(answer.status)")
            }
        }
    }
}
