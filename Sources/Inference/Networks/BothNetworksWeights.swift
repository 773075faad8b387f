import Architectures

/// A dense network and a mixture of experts that read the same input and whose outputs are added, each between its own
/// norms.
struct BothNetworksWeights: Sendable {
    let dense: DenseWeights
    let densePostNorm: NormWeights
    let experts: ExpertWeights
    let expertsNorm: NormWeights
    let expertsPostNorm: NormWeights

    /// The dense network's first norm is the layer's.
    init(_ dense: DenseShape, _ experts: ExpertShape, _ norms: NormRule, width: Int, _ reader: inout TensorReader)
        throws
    {
        self.dense = try DenseWeights("", dense, width: width, &reader)
        densePostNorm = try NormWeights("post_ffw_norm_1", norms, width: width, &reader)
        self.experts = try ExpertWeights(experts, width: width, &reader)
        expertsNorm = try NormWeights("pre_ffw_norm_2", norms, width: width, &reader)
        expertsPostNorm = try NormWeights("post_ffw_norm_2", norms, width: width, &reader)
    }
}
