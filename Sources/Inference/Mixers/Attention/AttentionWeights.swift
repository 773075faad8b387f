import Architectures

/// What a layer attends with.
struct AttentionWeights: Sendable {
    /// Queries, keys and values, each with the place of its results: one fused matrix or three.
    let queryKeyValue: [Projection]
    let output: Projection
    /// For one head, for each or for all of them, as the family has it; empty for none.
    let queryNorm: [Float]
    let keyNorm: [Float]

    init(_ attention: AttentionShape, width: Int, _ reader: inout TensorReader) throws {
        let headLength = attention.keyLength
        let (queries, keys) = (attention.headCount * headLength, attention.keyValueHeadCount * headLength)
        if reader.has("attn_qkv.weight") {
            queryKeyValue = [try Projection("attn_qkv", rows: queries + 2 * keys, columns: width, &reader)]
        } else {
            queryKeyValue = [
                try Projection("attn_q", rows: queries, columns: width, &reader),
                try Projection("attn_k", rows: keys, columns: width, offset: queries, &reader),
                try Projection("attn_v", rows: keys, columns: width, offset: queries + keys, &reader),
            ]
        }
        output = try Projection("attn_output", rows: width, columns: queries, &reader)

        func norm(_ name: String, _ heads: Int) throws -> [Float] {
            switch attention.headNorm {
            case .none: []
            case .perHead, .perRotatedHead: try reader.numbers(name, [headLength])
            case .optionalOwn: try reader.optionalNumbers(name, [headLength, heads]) ?? []
            case .whole: try reader.numbers(name, [headLength * heads])
            }
        }
        queryNorm = try norm("attn_q_norm.weight", attention.headCount)
        keyNorm = try norm("attn_k_norm.weight", attention.keyValueHeadCount)
    }
}
