import Foundation
import GGUF
import Quantization
import SystemPackage
import Tensors
import TestSupport
import Testing

@Suite struct TypeMixTests {
    private static let snapshots = Goldens.folder?.appending("type-mixes")

    /// More of llama.cpp's snapshots than the goldens hold: its `tests/snapshots`.
    private static let moreSnapshots: [FilePath] =
        Goldens.snapshots.map { folder in
            let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.string)) ?? []
            return names.filter { $0.hasSuffix(".schema") }.sorted().map { folder.appending($0) }
        } ?? []

    @Test(
        .enabled(if: snapshots != nil, "no folder with llama.cpp's snapshots: set EDGEPIPE_GOLDENS"),
        arguments: TypeMixGoldens.all,
        FileType.allCases
    )
    func everyTensorOfARealModelGetsLlamasType(_ model: TypeMixGoldens, _ fileType: FileType) throws {
        let snapshot = try TypeMixSnapshot(path: #require(Self.snapshots).appending(model.file))
        var tensors = try model.outside.map { try tensor($0.name, .f32, [$0.rowLength, 2]) }
        for layer in 0..<(try #require(snapshot.numbers["n_layer"])) {
            tensors += try model.layer.map {
                let name = $0.name.replacing("#", with: "\(layer)")
                return try tensor(name, .f32, [$0.rowLength, 2] + (name.contains("_exps") ? [2] : []))
            }
        }
        try expect(snapshot, model.architecture, tensors, fileType)
    }

    /// The tensors are those that the snapshot itself names for some file type.
    @Test(
        .enabled(if: Goldens.snapshots != nil, "set EDGEPIPE_SNAPSHOTS to llama.cpp's tests/snapshots for more models"),
        arguments: moreSnapshots
    )
    func everyTensorOfEverySnapshotGetsLlamasType(_ path: FilePath) throws {
        let snapshot = try TypeMixSnapshot(path: path)
        let architecture = path.lastComponent?.string.hasPrefix("meta-llama") == true ? "llama" : "other"
        let tensors = try snapshot.tensors()
        for fileType in FileType.allCases { try expect(snapshot, architecture, tensors, fileType) }
    }

    private func expect(
        _ snapshot: TypeMixSnapshot,
        _ architecture: String,
        _ tensors: [GGUFTensor],
        _ fileType: FileType
    ) throws {
        // Two types are newer than the snapshots.
        guard fileType != .q1_0, fileType != .q2_0 else { return }
        let section = try #require(snapshot.sections[fileType.name])
        let facts = try metadata(
            architecture,
            layers: #require(snapshot.numbers["n_layer"]),
            heads: #require(snapshot.numbers["n_head"]),
            keyValueHeads: snapshot.numbers["n_head_kv"],
            experts: snapshot.numbers["n_expert"]
        )
        let found = try choices(fileType, facts, tensors).mapValues(\.type)
        let expected = Dictionary(
            uniqueKeysWithValues: tensors.map { ($0.name, section.others[$0.name] ?? section.defaultType) }
        )
        #expect(section.defaultType == fileType.defaultTensorType)
        #expect(section.others.keys.allSatisfy { expected[$0] != nil })
        let wrong = expected.filter { found[$0.key] != $0.value }.keys.sorted()
        #expect(
            wrong.isEmpty,
            "\(fileType) \(wrong.prefix(3).map { "\($0): \(found[$0] as Any), not \(expected[$0] as Any)" })"
        )
    }

    /// A model of eight experts: small shared tensors get eight bits, output projections five. Read off llama.cpp's
    /// `llama_tensor_get_type_impl`, since none of its snapshots has eight experts.
    @Test(
        arguments: [
            (.q2_K, .q5_K, .q3_K), (.q3_K_S, .q5_K, .q3_K), (.q3_K_M, .q5_K, .q5_K), (.q3_K_L, .q3_K, .q5_K),
            (.q4_K_S, .q5_K, .q5_K), (.q4_K_M, .q5_K, .q6_K), (.q5_K_S, .q5_K, .q5_K), (.q5_K_M, .q5_K, .q6_K),
            (.q6_K, .q6_K, .q6_K), (.q4_0, .q4_0, .q4_0),
        ] as [(FileType, TensorType, TensorType)]
    )
    func eightExpertsHaveRulesOfTheirOwn(_ fileType: FileType, _ output: TensorType, _ down: TensorType) throws {
        let names = ["attn_q", "attn_k", "attn_v", "attn_output", "ffn_down_exps"]
        let tensors = try (0..<32).flatMap { layer in try names.map { try tensor("blk.\(layer).\($0).weight") } }
        let found = try choices(fileType, metadata("llama", layers: 32, heads: 32, experts: 8), tensors)
        for layer in 0..<32 {
            #expect(found["blk.\(layer).attn_v.weight"]?.type == .q8_0)
            #expect(found["blk.\(layer).attn_k.weight"]?.type == .q8_0)
            #expect(found["blk.\(layer).attn_output.weight"]?.type == output)
        }
        #expect(found["blk.0.ffn_down_exps.weight"]?.type == down)
    }

    /// Falcon keeps its output in eight bits and its down projections lower than others do.
    @Test(
        arguments: [
            (.q3_K_M, [.q5_K, .q4_K, .q3_K], .q3_K), (.q3_K_L, [.q4_K, .q4_K, .q4_K], .q4_K),
            (.q4_K_M, [.q6_K, .q5_K, .q4_K], .q4_K), (.q4_K_S, [.q4_K, .q4_K, .q4_K], .q4_K),
            (.q2_K, [.q3_K, .q3_K, .q3_K], .q2_K),
        ] as [(FileType, [TensorType], TensorType)]
    )
    func falconHasRulesOfItsOwn(_ fileType: FileType, _ downs: [TensorType], _ output: TensorType) throws {
        let tensors = try (0..<32).flatMap { layer in
            try ["ffn_down", "attn_output"].map { try tensor("blk.\(layer).\($0).weight") }
        }
        let facts = metadata("falcon", layers: 32, heads: 64)
        let found = try choices(fileType, facts, tensors + [tensor("output.weight")])
        // Layer 1 is below a sixteenth, layer 3 below an eighth, layer 4 neither of these nor every third.
        #expect([1, 3, 4].map { found["blk.\($0).ffn_down.weight"]?.type } == downs)
        #expect(found["blk.0.attn_output.weight"]?.type == output)
        #expect(found["output.weight"]?.type == .q8_0)
    }

    @Test func anExpertTensorOutsideTheLayersIsRefused() throws {
        let tensors = try [tensor("blk.4.ffn_down_exps.weight")]
        #expect(throws: QuantizationProblem.layerOutOfRange(tensor: "blk.4.ffn_down_exps.weight", layerCount: 4)) {
            try choices(.q4_K_M, metadata("llama", layers: 4, experts: 16), tensors)
        }
    }
}
