import Architectures

extension LanguageModel {
    /// Why no gradients flow back through this model; nil where they do, in every part of it.
    public var gradientObstacle: InferenceProblem? {
        if shape.seesBothWays { return .embedsAlone }
        if shape.streams != nil { return .noGradients(layer: 0, part: "streams of hidden states") }
        for (index, layer) in shape.layers.enumerated() {
            switch layer.mixer {
            case .attention, .absent: continue
            case .shortConvolution, .gatedDelta, .stateSpace, .attentionAndStateSpace, .unlisted:
                return .noGradients(layer: index, part: layer.mixer.name)
            }
        }
        return nil
    }

    /// Whether gradients flow back through every part of this model.
    public var hasGradients: Bool { gradientObstacle == nil }
}

extension Mixer {
    /// What people call it.
    var name: String {
        switch self {
        case .attention: "attention"
        case .shortConvolution: "short convolution"
        case .gatedDelta: "gated delta rule"
        case .stateSpace: "state space"
        case .attentionAndStateSpace: "attention beside a state space"
        case .absent: "none"
        case .unlisted: "unknown mixer"
        }
    }
}
