import Answers
import BinaryIO
import Briefs
import DeviceFit
import Foundation
import Registry
import SystemPackage
import TestSupport

@testable import Site

/// A registry with builds that a test describes; their files hold a few bytes only.
struct SiteSample {
    let scratch: ScratchFolder
    let registry: ModelRegistry

    init() throws {
        scratch = try ScratchFolder()
        registry = try ModelRegistry(path: scratch.appending("registry.db"), mode: .create)
    }

    /// Two versions of one model and one of another.
    static func usual() throws -> SiteSample {
        let sample = try SiteSample()
        try sample.publish("phi3", "1.0.0", [("q4_0", 1.2, 1.02)])
        try sample.publish("phi3", "1.1.0", [("q4_0", 1.2, 1.0), ("q8_0", 2.2, 0.95)], channel: "stable")
        try sample.publish("qwen", "2.0.0", [("q4_0", 6, 0.8)])
        return sample
    }

    var session: RegistrySession { RegistrySession(registry) }

    /// Publishes builds of a version.
    /// - Parameter builds: each type with the gigabytes of its weights, and bits per byte.
    func publish(
        _ model: String,
        _ version: String,
        _ builds: [(type: String, gigabytes: Double, bitsPerByte: Double?)],
        channel: String? = nil,
        text: String = "mit"
    ) throws {
        let drafts = try builds.map { type, gigabytes, bits in
            let file = try scratch.write("\(model) \(version) \(type)", to: "files/\(model)-\(version)-\(type)")
            var profile = Self.profile(Int(gigabytes * 1e9), type.uppercased())
            profile.loads = true
            profile.tags = [text]
            profile.chat = .init(hasTemplate: true, endTokens: [text])
            let shape = String(decoding: try JSONEncoder().encode(profile), as: UTF8.self)
            let measurements = bits.map { value in
                MeasurementRecord(
                    metric: Metric.bitsPerByte,
                    value: value,
                    unit: "bit/byte",
                    method: "test",
                    textDigest: SHA256Digest(of: "common".utf8),
                    kernels: "swift",
                    toolVersion: text
                )
            }
            let facts = BuildFacts(
                quantType: type.uppercased(),
                bitsPerWeight: 4.5,
                sourceURI: text,
                license: text,
                profile: shape
            )
            return BuildDraft(type: type, file: file, facts: facts, measurements: [measurements].compactMap { $0 })
        }
        try registry.publish(
            Publication(
                model: model,
                version: try ModelVersion(parsing: version),
                builds: drafts,
                channel: channel,
                toolVersion: text
            )
        )
    }

    private static func profile(_ weightBytes: Int, _ type: String) -> ModelProfile {
        ModelProfile(
            architecture: "llama",
            parameterCount: weightBytes * 2,
            weightBytes: weightBytes,
            weightBytesByType: [type: weightBytes],
            tokenEmbeddingBytes: 0,
            isEmbeddingTied: false,
            layers: [.init(count: 1, kvHeads: 1, keyLength: 64, valueLength: 64)],
            embeddingLength: 64,
            vocabularySize: 256,
            feedForwardLength: 128,
            headCount: 1,
            contextLength: 8192,
            quantType: type
        )
    }
}

extension SiteSample {
    /// The pages of a server.
    func pages(_ language: Language = .english) -> SitePages {
        SitePages(
            session: session,
            links: .server(origin: "https://models.example") { "/blobs/\($0.digest)" },
            language: language
        )
    }

    /// One request of each kind that needs no model file.
    static let requests: [SiteRequest] = [
        .home(), .model("phi3"), .build(model: "phi3", version: "1.1.0", type: "q8_0"), .query(QueryFields()),
        .query(QueryFields([("platform", "android"), ("ram", "3GB")])), .query(QueryFields([("device", "pixel-8")])),
        .query(QueryFields([("model", "phi3"), ("context", "100000")])), .finder,
        .best(.android, MemoryStep.all[3]), .bestOnDevice("iphone-15"),
    ]
}

/// A registry that a pipeline filled.
struct TestRegistrySession {
    let session: RegistrySession

    init(_ path: FilePath) throws { session = try RegistrySession(path) }
}
