import Architectures

extension LanguageModel {
    /// The reason why this model has no gradients; nil if every part of it has a backward pass.
    public var gradientObstacle: InferenceProblem? {
        if shape.seesBothWays { return .embedsAlone }
        for (index, layer) in shape.layers.enumerated() {
            // Every part that runs has a backward pass; a new one starts without.
            switch layer.mixer {
            case .attention, .shortConvolution, .gatedDelta, .stateSpace, .attentionAndStateSpace, .absent: continue
            case .unlisted: return .noGradients(layer: index, part: "unknown mixer")
            }
        }
        return nil
    }

    /// Whether every part of this model has a backward pass.
    public var hasGradients: Bool { gradientObstacle == nil }
}
