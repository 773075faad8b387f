import Tokenizers

/// A text cut into the windows on which perplexity is measured, as llama-perplexity cuts it.
///
/// Without a stride, windows are consecutive and the second half of each is scored. With one, each window begins
/// `stride` tokens after the previous one, is half a stride longer, and its last `stride` tokens are scored.
public struct TextWindows: Sendable {
    /// One window: the tokens that the model reads, and the predictions that are scored.
    struct Window {
        let index: Int
        let tokens: [Int32]
        /// The positions whose logits predict the next token.
        let scored: Range<Int>
        /// The token that follows each scored position.
        let targets: [Int32]
    }

    /// The tokens of the whole text.
    public let tokens: [Int32]
    /// The number of tokens in one window.
    public let length: Int
    /// The number of windows.
    public let count: Int
    let step: Int
    private let scored: Range<Int>
    /// The token that replaces the first token of each window, if texts of the vocabulary start with it.
    private let beginning: Int32?

    /// - Parameters:
    ///   - text: one newline at its end is ignored.
    ///   - chunks: the most windows; nil for as many as the text has.
    ///   - parsesSpecial: whether control tokens that are written out in the text become those tokens.
    /// - Throws: `EvaluationError`, or `TokenizerError` if the text cannot be encoded.
    public init(
        text: [UInt8],
        tokenizer: Tokenizer,
        context: Int,
        chunks: Int? = nil,
        stride: Int? = nil,
        parsesSpecial: Bool = false
    ) throws {
        let text = text.last == 0x0a ? text.dropLast() : text[...]
        try Self.check(text)
        try self.init(
            tokens: try tokenizer.encode(utf8: Array(text), parseSpecial: parsesSpecial),
            tokenizer: tokenizer,
            context: context,
            chunks: chunks,
            stride: stride
        )
    }

    init(tokens: [Int32], tokenizer: Tokenizer, context: Int, chunks: Int?, stride: Int?) throws {
        guard context >= 4, context < 1 << 24 else { throw EvaluationError.contextTooSmall(context: context) }
        guard !tokenizer.vocabulary.addsEnd else { throw EvaluationError.vocabularyEndsTexts }
        let limit = try Self.limit(chunks)
        self.tokens = tokens
        if let stride {
            length = context + max(0, stride) / 2
            guard stride >= 1, stride <= length - 2 else {
                throw EvaluationError.strideOutOfRange(stride: stride, window: length)
            }
            count = min(limit, (tokens.count - length + stride - 1) / stride)
            step = stride
            scored = (length - stride - 1)..<(length - 1)
            beginning = nil  // the reference puts it there after the window was read, to no effect
        } else {
            length = context
            count = min(limit, tokens.count / context)
            step = context
            scored = (context / 2)..<(context - 1)
            beginning = tokenizer.vocabulary.addsBeginning ? tokenizer.special.beginning : nil
        }
        guard tokens.count >= 2 * length, count > 0 else {
            throw EvaluationError.textTooShort(tokens: tokens.count, needed: 2 * length, context: context)
        }
    }

    /// Creates windows with the tokens and cuts of a base-logits file.
    init(base: BaseLogits, tokenizer: Tokenizer, chunks: Int?) throws {
        tokens = base.tokens
        length = base.context
        count = min(try Self.limit(chunks), base.chunkCount)
        step = base.context
        scored = base.scored
        beginning = tokenizer.vocabulary.addsBeginning ? tokenizer.special.beginning : nil
    }

    /// - Throws: `EvaluationError.notUTF8`, with the first invalid line.
    private static func check(_ text: ArraySlice<UInt8>) throws {
        guard String(validating: text, as: UTF8.self) == nil else { return }
        let lines = text.split(separator: 0x0a, omittingEmptySubsequences: false)
        let line = lines.firstIndex { String(validating: $0, as: UTF8.self) == nil } ?? 0
        throw EvaluationError.notUTF8(line: line + 1)
    }

    private static func limit(_ chunks: Int?) throws -> Int {
        guard let chunks else { return .max }
        guard chunks > 0 else { throw EvaluationError.noChunks(chunks) }
        return chunks
    }

    /// Whether windows are consecutive without overlap.
    var follow: Bool { step == length }

    subscript(index: Int) -> Window {
        let start = index * step
        var window = Array(tokens[start..<(start + length)])
        let targets = scored.map { window[$0 + 1] }
        if let beginning { window[0] = beginning }
        return Window(index: index, tokens: window, scored: scored, targets: targets)
    }
}
