/// How a model answered a few questions, and whether as a chat model should.
public struct TalkResult: Sendable, Equatable, Codable {
    /// What is wrong with an answer.
    public enum Fault: String, Sendable, Equatable, Codable {
        /// The model ended at once.
        case empty
        /// It went on to the limit of tokens.
        case endless
        /// It says the same over and over.
        case repeating
        /// It goes on with a turn of somebody else's, since it does not know how its own ends.
        case anotherTurn
    }

    /// One question and what the model made of it.
    public struct Answer: Sendable, Equatable, Codable {
        /// As it was asked, without the form around it.
        public let question: String
        /// What the model wrote. It is untrusted: escape it wherever it is shown.
        public let text: String
        /// Tokens that were written.
        public let tokens: Int
        /// Nil for an answer as it should be.
        public let fault: Fault?
    }

    /// The form of the questions; see `ChatForm`.
    public let form: String
    /// Tokens of an answer, at most.
    public let limit: Int
    /// The part of the questions that were answered as they should be.
    public let answered: AccuracyResult.Share
    /// In the order of the questions.
    public let answers: [Answer]

    init(_ form: ChatForm, limit: Int, _ answers: [Answer]) {
        (self.form, self.limit, self.answers) = (form.name, limit, answers)
        answered = AccuracyResult.Share(answers.count { $0.fault == nil }, of: answers.count)
    }
}

extension TalkResult.Fault {
    /// What is wrong, after "the answer".
    public var words: String {
        switch self {
        case .empty: "is empty"
        case .endless: "does not end"
        case .repeating: "repeats itself"
        case .anotherTurn: "goes on with another turn"
        }
    }

    /// - Parameters:
    ///   - tokens: that were written, without the one that ends the answer.
    ///   - text: of these, with control tokens.
    ///   - ended: whether the model said that it was done.
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

    /// How often the same must come at the end, and how much of it, to be no refrain.
    private static let (fewestTimes, fewestTokens) = (4, 24)
    /// The longest piece that is looked for, in tokens.
    private static let longestPiece = 48

    /// Whether the end is one piece over and over.
    package static func repeats(_ tokens: [Int32]) -> Bool {
        (1...longestPiece).contains { length in
            let needed = max(fewestTokens, fewestTimes * length)
            guard tokens.count >= needed else { return false }
            let end = tokens.suffix(needed)
            return zip(end, end.dropFirst(length)).allSatisfy { $0 == $1 }
        }
    }
}
