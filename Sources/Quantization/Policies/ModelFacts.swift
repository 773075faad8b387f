import Architectures
import GGUF
import Tensors

/// What the choice of types needs to know of a model.
package struct ModelFacts {
    let architecture: Architecture
    let layerCount: Int
    /// Query heads that share a key-value head, in the first layer.
    let headsPerKeyValueHead: Int
    let expertCount: Int
    /// Whether llama.cpp takes the model for one of its 70-billion class, whose value tensors get more bits.
    let isSeventyBillion: Bool

    /// - Throws: `GGUFProblem` when a key is missing or of the wrong type.
    package init(_ metadata: Metadata) throws {
        guard try !metadata.isProjector else {
            // llama-quantize reads none of a projector's sizes, so that each rule sees a model without layers.
            architecture = Architecture(
                named: try metadata.string("general.architecture").required("general.architecture")
            )
            (layerCount, headsPerKeyValueHead, expertCount, isSeventyBillion) = (0, 0, 0, false)
            return
        }
        architecture = try Architecture(metadata)
        // Models are quantized whether or not their shape is one that can be worked with.
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
    /// Four query heads or more to a key-value head: value projections are small then, and much depends on each.
    var sharesHeads: Bool { headsPerKeyValueHead >= 4 }
}
