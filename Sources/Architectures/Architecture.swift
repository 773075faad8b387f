/// The model families that the engine runs, by the names that GGUF has for them. What sets them apart is a handful of
/// traits, not separate code.
public enum Architecture: String, Sendable, CaseIterable {
    case gemma
    case gemma2
    case gemma3
    case gpt2
    case granite
    case lfm2
    case lfm2moe
    case llama
    case olmo2
    case phi3
    case phimoe
    case qwen2
    case qwen2moe
    case qwen3
    case qwen3moe
    case smollm3
    case stablelm
}

extension Architecture {
    /// What llama.cpp makes of a file with this name in it.
    var family: FamilyTraits {
        switch self {
        case .llama: FamilyTraits(rotaryLayout: .adjacent, experts: .optional)
        case .smollm3: FamilyTraits(rotaryLayout: .adjacent, layersPerUnturned: 4)
        case .granite: FamilyTraits(rotaryLayout: .adjacent, experts: .optional, hasScales: true)
        case .phi3, .qwen2: FamilyTraits()
        case .phimoe: FamilyTraits(hasNormBias: true, experts: .required)
        case .qwen3: FamilyTraits(headNorm: .perHead)
        case .qwen2moe: FamilyTraits(experts: .withGatedShared)
        case .qwen3moe: FamilyTraits(headNorm: .perHead, experts: .required)
        case .gemma: FamilyTraits(activation: .gatedGELU, scalesEmbedding: true)
        case .gemma2:
            FamilyTraits(
                normPlacement: .around,
                activation: .gatedGELU,
                scalesEmbedding: true,
                windows: WindowRule(size: 4096, period: 2),
                softCaps: SoftCaps(attention: 50, final: 30),
                layersOfLargest: 46
            )
        case .gemma3:
            FamilyTraits(
                normPlacement: .around,
                headNorm: .perHead,
                activation: .gatedGELU,
                scalesEmbedding: true,
                windows: WindowRule(period: 6),
                localRotary: .base(10000),
                softCaps: SoftCaps(),
                layersOfLargest: 62
            )
        case .olmo2:
            FamilyTraits(
                normPlacement: .after,
                headNorm: .whole,
                windows: WindowRule(period: 4),
                localRotary: .unscaled
            )
        case .stablelm: FamilyTraits(norm: .layer, hasNormBias: true, headNorm: .optionalOwn, mayRunInParallel: true)
        case .gpt2: FamilyTraits(rotaryLayout: nil, norm: .layer, hasNormBias: true, activation: .plainGELU)
        case .lfm2: FamilyTraits(headNorm: .perHead, windows: WindowRule(period: nil), hasConvolutions: true)
        case .lfm2moe: FamilyTraits(headNorm: .perHead, experts: .requiredAfterDense, hasConvolutions: true)
        }
    }
}
