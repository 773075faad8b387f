import Pipeline
import Quantization

/// A kind of step that a smoke run makes smaller.
protocol SmokeSettings: StepKind {
    /// The same with less to do.
    func smaller() -> Self
}

/// What a smoke run reads of a text.
enum SmokeLimits {
    /// Tokens of a window.
    static let context = 128
    /// Windows.
    static let chunks = 2
    /// Tokens of an answer to a question.
    static let answerTokens = 16
    /// Tokens that rounding with feedback is fitted to.
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
        // They count layers of the whole model.
        smaller.options.prunedLayers = []
        return smaller
    }
}

extension ConvertSettings: SmokeSettings {
    /// The cut is a file already, which was converted with the rest of the settings.
    func smaller() -> Self {
        var smaller = ConvertSettings()
        (smaller.type, smaller.keepsFile) = (keepsFile ? type : nil, keepsFile)
        return smaller
    }
}

/// A kind of step that holds builds against gates.
protocol GatedSettings: StepKind {
    var hasGates: Bool { get }

    /// The same, which lets every build pass.
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
