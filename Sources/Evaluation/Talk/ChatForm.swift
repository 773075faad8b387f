import Inference

/// The form in which a chat model is asked one question: the text before and after it.
///
/// A model's chat template is a program, but for a single question the templates in use produce only a few forms. Marks
/// in the template identify the form, as in llama.cpp (`llama-chat.cpp`). The tokenizer adds a beginning of the text
/// (BOS).
public struct ChatForm: Sendable, Equatable {
    /// The name of the form, as in llama.cpp if it has one.
    public let name: String
    /// The text before the question.
    public let opening: String
    /// The text after the question; the answer follows.
    public let closing: String
    /// Texts that an answer never contains: the beginning of another's turn.
    let turns: [String]

    /// The placeholder for the question in a custom form.
    public static let place = "{prompt}"

    init(_ name: String, _ opening: String, _ closing: String, turns: [String]? = nil) {
        (self.name, self.opening, self.closing) = (name, opening, closing)
        // The text that opens the question opens a turn.
        let end = opening.lastIndex { !$0.isWhitespace }
        self.turns = turns ?? end.map { [String(opening[...$0])] } ?? []
    }

    /// Creates a known form from its name, or a custom form from a text with `{prompt}` in it.
    /// - Returns: nil if the text is neither.
    public init?(_ text: String) {
        if let known = Self.known.first(where: { $0.form.name == text.lowercased() }) {
            self = known.form
            return
        }
        guard let place = text.firstRange(of: Self.place) else { return nil }
        self.init("own", String(text[..<place.lowerBound]), String(text[place.upperBound...]))
    }

    /// Recognizes the form of a chat template.
    /// - Returns: nil for a template of an unknown form.
    public init?(template: String) {
        guard let known = Self.known.first(where: { $0.marks.allSatisfy { template.contains($0) } }) else { return nil }
        let form = known.form
        self.init(form.name, form.opening, form.closing + Self.thought(in: template), turns: form.turns)
    }

    /// Recognizes the form of a model's own template.
    /// - Throws: `EvaluationError.noChatForm` for a model without a template, or with one of an unknown form.
    public init(of model: LanguageModel) throws {
        guard let template = model.chatTemplate else {
            throw EvaluationError.noChatForm(model.path, hasTemplate: false)
        }
        guard let form = ChatForm(template: template) else {
            throw EvaluationError.noChatForm(model.path, hasTemplate: true)
        }
        self = form
    }

    /// Returns the empty thought with which a template begins an answer, so that a reasoning model answers at once;
    /// empty if it has none.
    private static func thought(in template: String) -> String {
        // Line ends are real ones, or two characters that Jinja reads as one.
        let template = template.replacing("\\n", with: "\n")
        return thoughts.first { thought in ["'", "\""].contains { template.contains(thought + $0) } } ?? ""
    }

    /// The names of all forms.
    public static var names: [String] { known.map(\.form.name) }

    /// Returns the text that a model continues with its answer.
    public func text(asking question: String) -> String { opening + question + closing }
}
