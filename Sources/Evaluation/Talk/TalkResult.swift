/// A model's answers to a few questions, and whether they are those of a chat model.
public struct TalkResult: Sendable, Equatable, Codable {
    /// The fault of an answer.
    public enum Fault: String, Sendable, Equatable, Codable {
        /// The model ended at once.
        case empty
        /// The model continued to the limit of tokens.
        case endless
        /// The model repeats the same text over and over.
        case repeating
        /// The model continues with someone else's turn, because it does not know how its own ends.
        case anotherTurn
    }

    /// One question and the model's answer.
    public struct Answer: Sendable, Equatable, Codable {
        /// The question, without the form around it.
        public let question: String
        /// The model's text. It is untrusted: escape it wherever it is shown.
        public let text: String
        /// The number of generated tokens.
        public let tokens: Int
        /// The fault; nil for a good answer.
        public let fault: Fault?
    }

    /// The form of the questions; see `ChatForm`.
    public let form: String
    /// The most tokens of an answer.
    public let limit: Int
    /// The share of the questions with good answers.
    public let answered: AccuracyResult.Share
    /// The answers in the order of the questions.
    public let answers: [Answer]

    init(_ form: ChatForm, limit: Int, _ answers: [Answer]) {
        (self.form, self.limit, self.answers) = (form.name, limit, answers)
        answered = AccuracyResult.Share(answers.count { $0.fault == nil }, of: answers.count)
    }
}

extension TalkResult.Fault {
    /// The fault in words, after "the answer".
    public var words: String {
        switch self {
        case .empty: "is empty"
        case .endless: "does not end"
        case .repeating: "repeats itself"
        case .anotherTurn: "goes on with another turn"
        }
    }

    /// - Parameters:
    ///   - tokens: the generated tokens, without the one that ends the answer.
    ///   - text: the text of these tokens, with control tokens.
    ///   - ended: whether the model generated an end token.
    package init?(_ tokens: [Int32], _ text: String, ended: Bool, in form: ChatForm) {
        if form.turns.contains(where: { text.contains($0) }) {
            self = .anotherTurn
        } else if Self.repeats(tokens) {
            self = .repeating
        } else if !ended {
            self = .endless
        } else if text.allSatisfy(\.isWhitespace) {
            self = .empty
        } else {
            return nil
        }
    }

    /// The fewest repetitions at the end, and the fewest tokens of them, that are not just a refrain.
    private static let (fewestTimes, fewestTokens) = (4, 24)
    /// The longest repeated piece to look for, in tokens.
    private static let longestPiece = 48

    /// Whether the end repeats one piece over and over.
    package static func repeats(_ tokens: [Int32]) -> Bool {
        (1...longestPiece).contains { length in
            let needed = max(fewestTokens, fewestTimes * length)
            guard tokens.count >= needed else { return false }
            let end = tokens.suffix(needed)
            return zip(end, end.dropFirst(length)).allSatisfy { $0 == $1 }
        }
    }
}
