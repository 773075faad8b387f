import Tensors

extension DecoderGraph {
    /// Side lengths of the matrices that multiply heads before a quantized cache stores them, so that no element stands
    /// out.
    ///
    /// [LC `llama-kv-cache.cpp`] Orthonormal Walsh-Hadamard matrices: for keys as large as divides a head, for values
    /// of 64.
    struct Rotations {
        var keys: Int?
        var values: Int?

        private static let smallest = 64

        /// - Parameter layers: the layers that share one cache and have keys of their own.
        init(_ layers: [ModelProfile.LayerGroup], of profile: GraphShape, kvType: TensorType) {
            guard kvType.isQuantized, let first = profile.layers.first(where: { $0.kvHeads > 0 }) else { return }
            func length(_ part: (ModelProfile.LayerGroup) -> Int) -> Int? {
                let lengths = Set(layers.map(part))
                guard lengths.count == 1, let length = lengths.first, length > 0,
                    part(first).isMultiple(of: Self.smallest)
                else { return nil }
                return length
            }
            keys = length(\.keyLength).map { length in
                var side = Self.smallest
                while length.isMultiple(of: 2 * side) { side *= 2 }
                return side
            }
            values = length(\.valueLength).map { _ in Self.smallest }
        }
    }

    /// Multiplies heads by a matrix of the given side length; returns them unchanged without a matrix.
    /// - Parameter hasGaps: whether the heads are interleaved with others, so that they are copied first.
    mutating func rotate(
        _ heads: ComputeGraph.Tensor,
        by matrix: ComputeGraph.Tensor?,
        hasGaps: Bool = false
    ) -> ComputeGraph.Tensor {
        guard let matrix else { return heads }
        let side = graph[matrix].shape.dimensions[0]
        let dimensions = graph[heads].shape.dimensions
        let count = dimensions.reduce(1, *) / side
        let flat = hasGaps ? graph.result([side, count], from: [heads]) : graph.view(heads, side, count)
        return graph.view(graph.result([side, count], from: [matrix, flat]), dimensions)
    }
}
