import BinaryIO
import Foundation
import Registry
import SystemPackage
import TestSupport
import Testing

/// A folder of one test, removed with it.
final class Scratch: Sendable {
    let folder: FilePath

    init() throws {
        let name = "edgepipe-registry-\(UInt64.random(in: 0 ... .max))"
        folder = FilePath(FileManager.default.temporaryDirectory.path).appending(name)
        try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder.string) }

    var database: FilePath { folder.appending("registry.db") }
    var objects: FilePath { folder.appending("registry.db.objects") }

    func registry(_ mode: ModelRegistry.Mode = .create) throws -> ModelRegistry {
        try ModelRegistry(path: database, mode: mode)
    }

    /// Writes a file of `count` bytes that follow from `seed`; compressible ones repeat themselves.
    func file(_ name: String, count: Int = 300_000, seed: UInt64 = 1, compressible: Bool = true) throws -> FilePath {
        let path = folder.appending(name)
        var random = SplitMix64(seed: seed)
        let bytes = (0..<count).map { _ in
            let value = random.next()
            return compressible ? UInt8(value & 3) : UInt8(truncatingIfNeeded: value)
        }
        try writeFile(bytes, to: path)
        return path
    }

    func objectPath(of build: BuildRecord) -> FilePath {
        let hex = build.digest.description
        let name = build.encoding == .zstd ? hex + ".zst" : hex
        return objects.appending("sha256").appending(String(hex.prefix(2))).appending(name)
    }

    /// Replaces an object's bytes as a failing disk might, past its read-only mode.
    func overwrite(_ build: BuildRecord, with bytes: [UInt8]) throws {
        let path = objectPath(of: build)
        try FileManager.default.removeItem(atPath: path.string)
        try writeFile(bytes, to: path)
    }
}

/// The bytes of a file.
func contents(of path: FilePath) throws -> [UInt8] { try readFile(path, limit: 1 << 26) }

func version(_ text: String) throws -> ModelVersion { try ModelVersion(parsing: text) }

let someFacts = BuildFacts(
    quantType: "Q4_K_M",
    bitsPerWeight: 4.85,
    sourceURI: "hf://example/tiny",
    sourceDigest: SHA256Digest(of: "source".utf8),
    license: "mit",
    pipelineDigest: SHA256Digest(of: "pipeline".utf8),
    profile: #"{"layers":2}"#
)

func publication(
    _ file: FilePath,
    model: String = "tiny",
    version text: String = "1.0.0",
    type: String = "q4_k_m",
    channel: String? = nil,
    facts: BuildFacts = someFacts
) throws -> Publication {
    Publication(
        model: model,
        version: try version(text),
        builds: [BuildDraft(type: type, file: file, facts: facts)],
        channel: channel,
        toolVersion: "0.1.0"
    )
}

/// Runs `body`, which must throw a `RegistryError`, and returns it.
func refusal(_ body: () throws -> Void) -> RegistryError? {
    #expect(throws: RegistryError.self) { try body() }
}
