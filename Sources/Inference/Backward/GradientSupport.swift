import Architectures

extension LanguageModel {
    /// Why no gradients flow back through this model; nil where they do, in every part of it.
    public var gradientObstacle: InferenceProblem? {
        if shape.seesBothWays { return .embedsAlone }
        for (index, layer) in shape.layers.enumerated() {
            // Every part that runs has a backward pass; a new one begins without.
            switch layer.mixer {
            case .attention, .shortConvolution, .gatedDelta, .stateSpace, .attentionAndStateSpace, .absent: continue
            case .unlisted: return .noGradients(layer: index, part: "unknown mixer")
            }
        }
        return nil
    }

    /// Whether gradients flow back through every part of this model.
    public var hasGradients: Bool { gradientObstacle == nil }
}
