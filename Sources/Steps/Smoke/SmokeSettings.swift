import Pipeline
import Quantization

/// A kind of step that a smoke run reduces.
protocol SmokeSettings: StepKind {
    /// Returns settings with less work.
    func smaller() -> Self
}

/// The limits of a smoke run on texts.
enum SmokeLimits {
    /// The number of tokens per window.
    static let context = 128
    /// The number of windows.
    static let chunks = 2
    /// The number of tokens of an answer.
    static let answerTokens = 16
    /// The number of tokens for rounding with feedback.
    static let feedbackTokens = FeedbackSettings.tokenRange.lowerBound
}

extension ImatrixSettings: SmokeSettings {
    func smaller() -> Self {
        var smaller = self
        smaller.context = min(context, SmokeLimits.context)
        smaller.chunks = min(chunks ?? .max, SmokeLimits.chunks)
        return smaller
    }
}

extension SensitivitySettings: SmokeSettings {
    func smaller() -> Self {
        var smaller = self
        smaller.context = min(context, SmokeLimits.context)
        smaller.chunks = min(chunks, SmokeLimits.chunks)
        return smaller
    }
}

extension ValidateSettings: SmokeSettings {
    func smaller() -> Self {
        var smaller = self
        smaller.context = min(context, SmokeLimits.context)
        smaller.chunks = min(chunks ?? .max, SmokeLimits.chunks)
        smaller.answerTokens = min(answerTokens, SmokeLimits.answerTokens)
        smaller.pieces = min(pieces, SmokeLimits.chunks)
        return smaller
    }
}

extension QuantizeSettings: SmokeSettings {
    func smaller() -> Self {
        var smaller = self
        smaller.feedback.tokens = min(feedback.tokens, SmokeLimits.feedbackTokens)
        // The numbers refer to layers of the whole model.
        smaller.options.prunedLayers = []
        return smaller
    }
}

extension ConvertSettings: SmokeSettings {
    /// The cut is already a file, converted with the other settings.
    func smaller() -> Self {
        var smaller = ConvertSettings()
        (smaller.type, smaller.keepsFile) = (keepsFile ? type : nil, keepsFile)
        return smaller
    }
}

/// A kind of step that checks builds against gates.
protocol GatedSettings: StepKind {
    var hasGates: Bool { get }

    /// Returns settings by which every build passes.
    func withoutGates() -> Self
}

extension ValidateSettings: GatedSettings {
    var hasGates: Bool { !gates.isEmpty }

    func withoutGates() -> Self {
        var open = self
        open.gates = [:]
        return open
    }
}

extension FitSettings: GatedSettings {
    var hasGates: Bool { !gates.isEmpty }

    func withoutGates() -> Self {
        var open = self
        open.gates = [:]
        return open
    }
}
