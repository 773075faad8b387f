import GGUF
import Tensors

/// What the choice of types needs to know of a model.
package struct ModelFacts {
    let architecture: String
    let layerCount: Int
    /// Query heads that share a key-value head, in the first layer.
    let headsPerKeyValueHead: Int
    let expertCount: Int
    /// Whether llama.cpp takes the model for one of its 70-billion class, whose value tensors get more bits.
    let isSeventyBillion: Bool

    /// - Throws: `GGUFProblem` when a key is missing or of the wrong type.
    package init(_ metadata: Metadata) throws {
        try metadata.requireModel()
        let architecture = try metadata.string("general.architecture").required("general.architecture")
        func first(_ key: String) throws -> Int? {
            let key = "\(architecture).\(key)"
            // Some models give a number for each layer.
            if case .array = metadata[key] { return try metadata.integers(key)?.first }
            return try metadata.integer(key)
        }
        let heads = try first("attention.head_count") ?? 0
        let keyValueHeads = try first("attention.head_count_kv") ?? heads
        self.architecture = architecture
        layerCount = try first("block_count").required("\(architecture).block_count")
        guard (0...Int(Int32.max)).contains(layerCount) else {
            let key = "\(architecture).block_count"
            throw GGUFProblem.wrongValueType(key: key, expected: "a number of layers", found: "\(layerCount)")
        }
        headsPerKeyValueHead = keyValueHeads > 0 ? heads / keyValueHeads : 0
        expertCount = try first("expert_count") ?? 0
        isSeventyBillion =
            switch (architecture, layerCount) {
            case ("llama", 80): heads != keyValueHeads
            case ("qwen2", 80), ("deci", 80), ("olmo", 80), ("jais2", 68): true
            default: false
            }
    }
}

extension ModelFacts {
    /// Four query heads or more to a key-value head: value projections are small then, and much depends on each.
    var sharesHeads: Bool { headsPerKeyValueHead >= 4 }

    var isFalcon: Bool { architecture == "falcon" }

    /// Some projections of one architecture go no lower than eight bits.
    func keepsEightBits(_ tensor: String) -> Bool {
        guard architecture == "glm5-next" else { return false }
        return ["attn_q_a", "attn_q_b", "nextn.eh_proj"].contains { tensor.contains($0) }
    }
}
