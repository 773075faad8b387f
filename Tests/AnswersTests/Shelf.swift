import Answers
import BinaryIO
import DeviceFit
import Foundation
import Registry
import SystemPackage
import TestSupport

/// A registry with builds whose sizes and qualities a test chooses; their files hold a few bytes only.
struct Shelf {
    let scratch: ScratchFolder
    let registry: ModelRegistry

    var path: FilePath { scratch.appending("registry.db") }

    init() throws {
        scratch = try ScratchFolder()
        registry = try ModelRegistry(path: scratch.appending("registry.db"), mode: .create)
    }

    /// Puts a build on the shelf.
    /// - Parameters:
    ///   - gigabytes: of the weights, by which memory and speed are estimated.
    ///   - text: what `bitsPerByte` was measured on.
    ///   - pooling: of a model that embeds, by GGUF's number; nil for one that writes.
    ///   - meanCosine: measured on `text`, too.
    ///   - isChecked: whether it is noted that engines can load it; the file is no model.
    /// - Returns: what a benchmark of the model would say of its size.
    @discardableResult func add(
        _ model: String,
        gigabytes: Double,
        bitsPerByte: Double? = nil,
        text: String = "common",
        license: String = "mit",
        channel: String? = nil,
        trainedContext: Int = 8192,
        tags: [String]? = nil,
        profile: String? = nil,
        pooling: Int? = nil,
        meanCosine: Double? = nil,
        isChecked: Bool = true
    ) throws -> (parameters: Int, bytes: Int) {
        let file = try scratch.write("\(model) \(gigabytes)", to: "files/\(model)")
        var own = Self.profile(Int(gigabytes * 1e9), trainedContext)
        (own.tags, own.loads) = (tags, isChecked ? true : nil)
        if let pooling {
            own.graph = ModelProfile.Graph()
            own.graph?.pooling = pooling
        }
        let shape = try JSONEncoder().encode(own)
        let figures = [(Metric.bitsPerByte, bitsPerByte, "bit/byte"), (Metric.meanCosine, meanCosine, "1")]
        let measurements = figures.compactMap { metric, value, unit in
            value.map {
                MeasurementRecord(
                    metric: metric,
                    value: $0,
                    unit: unit,
                    method: "test",
                    textDigest: SHA256Digest(of: text.utf8),
                    kernels: "swift",
                    toolVersion: "0"
                )
            }
        }
        let facts = BuildFacts(
            quantType: "Q4_0",
            bitsPerWeight: 4.5,
            sourceURI: "test",
            license: license,
            profile: profile ?? String(decoding: shape, as: UTF8.self)
        )
        let draft = BuildDraft(type: "q4_0", file: file, facts: facts, measurements: measurements)
        let version = try ModelVersion(parsing: "1.0.0")
        try registry.publish(
            Publication(model: model, version: version, builds: [draft], channel: channel, toolVersion: "0")
        )
        return (own.parameterCount, own.weightBytes)
    }

    /// Begins anew for each question: nothing is remembered between two.
    var session: RegistrySession { RegistrySession(registry) }

    func ask(_ change: (inout BuildQuery) throws -> Void) throws -> QueryAnswer {
        var query = BuildQuery()
        try change(&query)
        return try query.answer(from: session)
    }

    /// One narrow layer: beside the weights there is next to nothing to hold but the program, 175 MB.
    private static func profile(_ weightBytes: Int, _ context: Int) -> ModelProfile {
        ModelProfile(
            architecture: "llama",
            parameterCount: weightBytes * 2,
            weightBytes: weightBytes,
            weightBytesByType: ["Q4_0": weightBytes],
            tokenEmbeddingBytes: 0,
            isEmbeddingTied: false,
            layers: [.init(count: 1, kvHeads: 1, keyLength: 64, valueLength: 64)],
            embeddingLength: 64,
            vocabularySize: 256,
            feedForwardLength: 128,
            headCount: 1,
            contextLength: context,
            quantType: "Q4_0"
        )
    }
}

extension QueryAnswer {
    /// The models in the order of the answer.
    var models: [String] { ([best].compactMap { $0 } + alternatives).map(\.model) }

    func reasons(_ model: String) -> [String]? { refused.first { $0.build == "\(model)@1.0.0:q4_0" }?.reasons }
}
