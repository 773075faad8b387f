import Architectures

/// The weights of a layer's attention.
struct AttentionWeights: Sendable {
    /// The matrices of queries, keys and values, each with the place of its results: one fused matrix or three.
    let queryKeyValue: [Projection]
    let output: Projection
    /// The weights of the query norm: for one head, for each head or for all of them together, depending on the family;
    /// empty for none.
    let queryNorm: [Float]
    let keyNorm: [Float]
    /// Ones for each element of a head if values are normalized; empty for none.
    let valueNorm: [Float]
    /// A score for each query head that takes weight from all positions; empty for none.
    let sinks: [Float]
    /// Whether values are the keys before their norm.
    let takesKeysForValues: Bool

    init(_ attention: AttentionShape, width: Int, _ reader: inout TensorReader) throws {
        let headLength = attention.keyLength
        let (queries, keys) = (attention.headCount * headLength, attention.keyValueHeadCount * headLength)
        let keepsOwn = attention.source == nil
        var projections: [Projection] = []
        if keepsOwn, !attention.gatesOutput, reader.has("attn_qkv.weight") {
            projections.append(try Projection("attn_qkv", rows: queries + 2 * keys, columns: width, &reader))
            takesKeysForValues = false
        } else {
            let rows = attention.gatesOutput ? 2 * queries : queries
            projections.append(try Projection("attn_q", rows: rows, columns: width, &reader))
            takesKeysForValues = keepsOwn && attention.mayTakeKeysForValues && !reader.has("attn_v.weight")
            if keepsOwn {
                projections.append(try Projection("attn_k", rows: keys, columns: width, offset: queries, &reader))
            }
            if keepsOwn, !takesKeysForValues {
                let place = queries + keys
                projections.append(try Projection("attn_v", rows: keys, columns: width, offset: place, &reader))
            }
        }
        queryKeyValue = projections
        sinks = attention.hasSinks ? try reader.numbers("attn_sinks.weight", [attention.headCount]) : []
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
        keyNorm = keepsOwn ? try norm("attn_k_norm.weight", attention.keyValueHeadCount) : []
        valueNorm = keepsOwn && attention.normalizesValues ? Array(repeating: 1, count: attention.valueLength) : []
    }
}
