import Architectures

/// The weights of a network that all tokens pass through.
struct DenseWeights: Sendable {
    let length: Int
    let activation: Activation
    /// The matrices of gate, then up: one fused or two; up alone without a gate.
    let gateUp: [Projection]
    let down: Projection

    init(_ shape: DenseShape, gateUp: [Projection], down: Projection) {
        (length, activation) = (shape.length, shape.activation)
        (self.gateUp, self.down) = (gateUp, down)
    }

    /// - Parameter suffix: the end of the tensors' names.
    init(_ suffix: String, _ shape: DenseShape, width: Int, _ reader: inout TensorReader) throws {
        (length, activation) = (shape.length, shape.activation)
        if !activation.isGated {
            gateUp = [try Projection("ffn_up" + suffix, rows: length, columns: width, &reader)]
        } else if shape.mayFuse, !reader.has("ffn_gate\(suffix).weight") {
            // Phi-3 calls the fused pair "up"; its first half is the gate.
            gateUp = [try Projection("ffn_up" + suffix, rows: 2 * length, columns: width, &reader)]
        } else {
            gateUp = [
                try Projection("ffn_gate" + suffix, rows: length, columns: width, &reader),
                try Projection("ffn_up" + suffix, rows: length, columns: width, offset: length, &reader),
            ]
        }
        down = try Projection("ffn_down" + suffix, rows: width, columns: length, &reader)
    }
}
