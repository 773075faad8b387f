import Architectures

/// The weights applied to a text's vector, after its tokens' vectors are pooled.
struct TextWeights: Sendable {
    /// The classifier, which gives scores; nil for a model without one.
    let classifier: ClassifierWeights?
    /// The matrices after pooling, in order.
    let dense: [Projection]

    init(_ text: TextOutput, _ norms: NormRule, width: Int, _ reader: inout TensorReader) throws {
        classifier = try text.classifier.flatMap {
            try ClassifierWeights($0, scores: text.scoreCount, norms, width: width, &reader)
        }
        var dense: [Projection] = []
        for (name, rows, columns) in [
            ("dense_2", text.denseLengths.second, width), ("dense_3", width, text.denseLengths.third),
        ] {
            guard let rows, let columns, reader.has(name + ".weight") else { continue }
            dense.append(try Projection(name, rows: rows, columns: columns, &reader))
        }
        if let first = dense.first, dense.count == 2, first.matrix.rows != dense[1].matrix.columns {
            throw InferenceProblem.wrongShape(
                tensor: "dense_3.weight",
                expected: [first.matrix.rows, width],
                found: [dense[1].matrix.columns, width]
            )
        }
        if let only = dense.first, dense.count == 1, only.matrix.columns != width || only.matrix.rows != width {
            let other = only.matrix.name.hasPrefix("dense_2") ? "dense_3" : "dense_2"
            throw InferenceProblem.missingTensor(other + ".weight")
        }
        self.dense = dense
    }
}

/// The weights that convert a text's vector to scores.
struct ClassifierWeights: Sendable {
    let rule: ClassifierRule
    /// The first matrix, followed by an activation; nil for none.
    let head: Projection?
    /// The norm after them; nil for none.
    let norm: [Float]?
    /// The matrix that gives the scores; nil if the head gives them.
    let output: Projection?

    /// - Returns: nil for a file without one.
    init?(_ rule: ClassifierRule, scores: Int, _ norms: NormRule, width: Int, _ reader: inout TensorReader) throws {
        self.rule = rule
        let hasHead = rule.mayHaveHead && reader.has("cls.weight")
        head = hasHead ? try Projection("cls", rows: width, columns: width, &reader) : nil
        norm = hasHead ? try reader.optionalNumbers("cls.norm.weight", [width]) : nil
        output =
            reader.has("cls.output.weight")
            ? try Projection("cls.output", rows: scores, columns: width, &reader) : nil
        if head == nil, output == nil { return nil }
    }
}
