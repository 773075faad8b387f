import Architectures

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// The computation after a text's tokens are pooled: dense matrices, or a classifier.
///
/// Source: llama.cpp (`llama-graph.cpp`, `build_pooling` and `build_dense_out`).
struct TextPass {
    private let weights: TextWeights
    private let product: MatrixProduct
    private let norm: Norm

    /// - Parameter product: multiplies matrices by one row, a text's vector.
    init(_ model: LanguageModel, product: MatrixProduct) {
        weights = model.text
        self.product = product
        norm = Norm(kind: .layer, epsilon: model.arithmetic.epsilon)
    }

    /// Returns the scores of a text; nil if the model has no classifier.
    func scores(_ vector: [Float]) throws(InferenceProblem) -> [Float]? {
        guard let classifier = weights.classifier else { return nil }
        var vector = vector
        if let head = classifier.head {
            vector = try multiply(vector, by: head)
            switch classifier.rule.activation {
            case .tanh: for index in vector.indices { vector[index] = tanhf(vector[index]) }
            case .gelu:
                vector.withUnsafeMutableBufferPointer { values in
                    guard let start = values.baseAddress else { return }
                    product.kernels.gelu(start, times: nil, count: values.count)
                }
            }
            if let weights = classifier.norm {
                vector.withUnsafeMutableBufferPointer { values in
                    guard let start = values.baseAddress else { return }
                    weights.withUnsafeBufferPointer { norm.apply(UnsafePointer(start), weights: $0, into: start) }
                }
            }
        }
        if let output = classifier.output { vector = try multiply(vector, by: output) }
        guard classifier.rule.givesShares else { return vector }
        let largest = vector.max() ?? 0
        let powers = vector.map { expf($0 - largest) }
        let sum = Float(powers.reduce(0) { $0 + Double($1) })
        return powers.map { $0 / sum }
    }

    /// Returns a text's vector after the dense matrices; the vector itself if there are none.
    func project(_ vector: [Float]) throws(InferenceProblem) -> [Float] {
        var vector = vector
        for projection in weights.dense { vector = try multiply(vector, by: projection) }
        return vector
    }

    private func multiply(_ vector: [Float], by projection: Projection) throws(InferenceProblem) -> [Float] {
        let (rows, columns) = (projection.matrix.rows, projection.matrix.columns)
        let input = try FloatBuffer(count: columns, purpose: "scratch memory")
        let output = try FloatBuffer(count: rows, purpose: "scratch memory")
        for index in 0..<columns { input.start[index] = vector[index] }
        product.multiply(
            Rows(start: UnsafePointer(input.start), stride: columns),
            count: 1,
            by: projection,
            into: Destination(rows: Rows(start: output.start, stride: rows)),
            nil
        )
        return Array(output.values)
    }
}
