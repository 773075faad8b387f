import BinaryIO
import Settings

/// The text for rounding with feedback, and its limits.
public struct FeedbackSettings: Sendable, Equatable {
    /// The text's path as written; nil for other roundings.
    public var text: String?
    /// The approximate largest number of tokens of the text.
    public var tokens = 16384
    /// The damping added to the diagonal of a correlation, as a share of its mean.
    public var damping = 0.1
    /// The most memory, in bytes; nil for three quarters of the machine's memory.
    public var memory: Int?

    /// The accepted numbers of tokens.
    static let tokenRange = 1024...(1 << 24)

    static let settings = [
        Setting(
            "text",
            "with rounding feedback: a UTF-8 text that is like what the model will read",
            standard: "none",
            takes: .path,
            help: "A UTF-8 text that is like what the model will read; for rounding feedback, and for sizes."
        ),
        Setting(
            "feedback-tokens",
            "most tokens of that text; the last eighth of them judges",
            standard: "16384",
            takes: .integer(tokenRange)
        ),
        Setting(
            "damping",
            "what is added to the diagonal of the inputs' correlation before it is inverted, as a share of its mean",
            standard: "0.1",
            takes: .number
        ),
        Setting(
            "feedback-memory",
            "the most memory that rounding with feedback may take, in GB",
            standard: "three quarters of the machine's",
            takes: .number
        ),
    ]

    /// Creates the default settings.
    init() {}

    /// - Parameter isUsed: whether the rounding uses feedback.
    init(_ reader: SettingReader, isUsed: Bool) {
        text = reader.text("text")
        tokens = reader.integer("feedback-tokens", in: Self.tokenRange) ?? tokens
        if let damping = reader.number("damping"), let node = reader.node("damping") {
            if damping > 0, damping <= 10 {
                self.damping = damping
            } else {
                reader.report("\(setting: "damping") must be a number above 0, and 10 at most.", at: node)
            }
        }
        memory = reader.number("feedback-memory").map { Int(min($0, 1e9) * 1e9) }
        if isUsed, text == nil, let node = reader.node("rounding") {
            reader.report(
                "'feedback' fits weights to the inputs that they meet on a text. Give one with \(setting: "text").",
                at: node
            )
        }
        guard !isUsed else { return }
        for key in ["text", "feedback-tokens", "damping", "feedback-memory"] {
            guard let node = reader.node(key) else { continue }
            reader.report(
                "\(setting: key) counts with \(setting: "rounding", "feedback") only. Leave it out, or say that.",
                at: node
            )
        }
    }
}
