import Inference

/// How a chat model is asked one question: what stands before and behind it.
///
/// A model's chat template is a program; of what the templates in use make of a single question, there are few forms. Which one it
/// is, marks in the template tell, as llama.cpp does it (`llama-chat.cpp`). A beginning of the text (BOS) is the tokenizer's affair.
public struct ChatForm: Sendable, Equatable {
    /// What it is called, as by llama.cpp where that has it.
    public let name: String
    /// Stands before the question.
    public let opening: String
    /// Stands behind the question; the answer follows.
    public let closing: String
    /// What an answer never holds: the beginning of another's turn.
    let turns: [String]

    /// Where in a form of one's own the question goes.
    public static let place = "{prompt}"

    init(_ name: String, _ opening: String, _ closing: String, turns: [String]? = nil) {
        (self.name, self.opening, self.closing) = (name, opening, closing)
        // What opens the question opens a turn.
        let end = opening.lastIndex { !$0.isWhitespace }
        self.turns = turns ?? end.map { [String(opening[...$0])] } ?? []
    }

    /// A form by its name, or one of one's own: a text with `{prompt}` in it.
    /// - Returns: nil where it is neither.
    public init?(_ text: String) {
        if let known = Self.known.first(where: { $0.form.name == text.lowercased() }) {
            self = known.form
            return
        }
        guard let place = text.firstRange(of: Self.place) else { return nil }
        self.init("own", String(text[..<place.lowerBound]), String(text[place.upperBound...]))
    }

    /// The form that a chat template asks in.
    /// - Returns: nil for a template of no known form.
    public init?(template: String) {
        guard let known = Self.known.first(where: { $0.marks.allSatisfy { template.contains($0) } }) else { return nil }
        let form = known.form
        self.init(form.name, form.opening, form.closing + Self.thought(in: template), turns: form.turns)
    }

    /// The form of a model's own template.
    /// - Throws: `EvaluationError.noChatForm` for a model without a template, or with one of no known form.
    public init(of model: LanguageModel) throws {
        guard let template = model.chatTemplate else {
            throw EvaluationError.noChatForm(model.path, hasTemplate: false)
        }
        guard let form = ChatForm(template: template) else {
            throw EvaluationError.noChatForm(model.path, hasTemplate: true)
        }
        self = form
    }

    /// The empty thought that a template begins an answer with, so that a model which reasons answers at once; empty where it has none.
    private static func thought(in template: String) -> String {
        // Lines end as they do, or as two characters that Jinja reads as an end.
        let template = template.replacing("\\n", with: "\n")
        return thoughts.first { thought in ["'", "\""].contains { template.contains(thought + $0) } } ?? ""
    }

    /// The names of all forms.
    public static var names: [String] { known.map(\.form.name) }

    /// The text that a model continues with its answer.
    public func text(asking question: String) -> String { opening + question + closing }
}
