import Architectures
import GGUF
import Tensors

/// The facts about a model that the choice of types needs.
package struct ModelFacts {
    let architecture: Architecture
    let layerCount: Int
    /// The number of query heads that share a key-value head, in the first layer.
    let headsPerKeyValueHead: Int
    let expertCount: Int
    /// Whether llama.cpp treats the model as one of its 70-billion class, whose value tensors get more bits.
    let isSeventyBillion: Bool

    /// - Throws: `GGUFProblem` if a key is missing or has the wrong type.
    package init(_ metadata: Metadata) throws {
        guard try !metadata.isProjector else {
            // llama-quantize reads none of a projector's sizes, so each rule treats it as a model without layers.
            architecture = Architecture(
                named: try metadata.string("general.architecture").required("general.architecture")
            )
            (layerCount, headsPerKeyValueHead, expertCount, isSeventyBillion) = (0, 0, 0, false)
            return
        }
        architecture = try Architecture(metadata)
        // Models are quantized even if their shape is not supported for running.
        let keys = ShapeReader(metadata, architecture)
        let heads = try keys.first("attention.head_count") ?? 0
        let keyValueHeads = try keys.first("attention.head_count_kv") ?? heads
        let key = keys.key("block_count")
        layerCount = try keys.first("block_count").required(key)
        guard (0...Int(Int32.max)).contains(layerCount) else {
            throw GGUFProblem.wrongValueType(key: key, expected: "a number of layers", found: "\(layerCount)")
        }
        headsPerKeyValueHead = keyValueHeads > 0 ? heads / keyValueHeads : 0
        expertCount = try keys.first("expert_count") ?? 0
        isSeventyBillion = architecture.storage.isSeventyBillion(
            layers: layerCount,
            heads: heads,
            keyValueHeads: keyValueHeads
        )
    }
}

extension ModelFacts {
    /// Whether a key-value head has four query heads or more: then value projections are small and important.
    var sharesHeads: Bool { headsPerKeyValueHead >= 4 }
}
