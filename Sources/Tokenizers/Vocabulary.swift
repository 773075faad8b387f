/// Everything a tokenizer needs to know about a model's tokens, as plain data: from a GGUF file, or from a Hugging Face
/// folder before it becomes one.
public struct Vocabulary: Sendable {
    /// How text falls apart into tokens.
    public enum Kind: Sendable, Hashable {
        /// SentencePiece: pairs merge by token score, unknown characters become byte tokens. GGUF calls it "llama".
        case sentencePiece
        /// Byte-level byte-pair encoding: words are split first, pairs merge by rank. GGUF calls it "gpt2".
        case byteLevelBPE
        /// Byte-pair encoding over characters, with bytes for those without a token. GGUF calls it "gemma4", or "gpt2" with the name
        /// of such a rule.
        case characterPairs
        /// Words in the longest tokens from their start on. GGUF calls it "bert".
        case wordPiece
        /// The best-scored way to write a text in tokens. GGUF calls it "t5".
        case unigram
    }

    /// What becomes of letters before tokens are looked for.
    public struct WordNormalization: Sendable, Hashable {
        /// Whether capitals become small.
        public var lowercases = true
        /// Whether accents are dropped.
        public var stripsAccents = true

        /// Both.
        public init() {}
    }

    /// What a token is for, with GGUF's numbers.
    public enum TokenType: Int32, Sendable, Hashable {
        case undefined = 0
        case normal = 1
        case unknown = 2
        case control = 3
        case userDefined = 4
        case unused = 5
        case byte = 6
    }

    /// Tokens with a role; nil where the model has none.
    public struct SpecialTokens: Sendable, Hashable {
        /// Before every text (BOS).
        public var beginning: Int32?
        /// After every text (EOS).
        public var end: Int32?
        /// After a turn in a chat (EOT).
        public var endOfTurn: Int32?
        /// After a message within a turn (EOM).
        public var endOfMessage: Int32?
        /// In place of what no token spells.
        public var unknown: Int32?
        /// Between two texts.
        public var separator: Int32?
        /// Fills up batches.
        public var padding: Int32?
        /// Stands for a token to be guessed.
        public var mask: Int32?
        /// Fill-in-the-middle padding, repository name and file separator; generation ends at them.
        public var fillPadding: Int32?
        /// See `fillPadding`.
        public var fillRepository: Int32?
        /// See `fillPadding`.
        public var fillSeparator: Int32?
        /// Fill-in-the-middle prefix, suffix and middle.
        public var fillPrefix: Int32?
        /// See `fillPrefix`.
        public var fillSuffix: Int32?
        /// See `fillPrefix`.
        public var fillMiddle: Int32?

        /// No special tokens.
        public init() {}

        /// Name and id of every token that is set, for checks and messages.
        public var all: [(role: String, id: Int32)] {
            let roles: [(String, Int32?)] = [
                ("bos", beginning), ("eos", end), ("eot", endOfTurn), ("eom", endOfMessage), ("unknown", unknown),
                ("separator", separator), ("padding", padding), ("mask", mask), ("fim_pad", fillPadding),
                ("fim_rep", fillRepository), ("fim_sep", fillSeparator), ("fim_pre", fillPrefix),
                ("fim_suf", fillSuffix), ("fim_mid", fillMiddle),
            ]
            return roles.compactMap { role, id in id.map { (role, $0) } }
        }
    }

    /// How text becomes tokens.
    public var kind: Kind
    /// The name of the rule that splits text into words, as GGUF's `tokenizer.ggml.pre`; SentencePiece needs none.
    public var preTokenizer: String
    /// The text of each token; its index is its id. Byte-level tokens are spelled in the byte alphabet of GPT-2.
    public var tokens: [String]
    /// One score per token, or empty where the kind needs none.
    public var scores: [Float]
    /// One type per token, or empty when all are normal.
    public var types: [TokenType]
    /// Pairs that merge, best first, each written as two texts with a space between.
    public var merges: [String]
    /// The tokens with a role that the vocabulary names.
    public var special: SpecialTokens
    /// Whether encoding with special tokens puts the first token before, and the last token after the text.
    public var addsBeginning: Bool
    /// See `addsBeginning`.
    public var addsEnd: Bool
    /// Whether SentencePiece and Unigram text starts as if a space came before it.
    public var addsSpacePrefix: Bool
    /// Whether Unigram text has no space at its ends and no two in a row.
    public var removesExtraSpaces = false
    /// SentencePiece's `precompiled_charsmap`, by which Unigram text is normalized; empty for none.
    public var characterMap: [UInt8] = []
    /// Tokens that a model may rate high and that are never written.
    public var suppressed: [Int32] = []
    /// What WordPiece makes of letters before it looks for tokens.
    public var wordNormalization = WordNormalization()
    /// Whether white space is nothing but the end of a word. GGUF calls such a vocabulary "whitespace".
    public var dropsWhiteSpace = false
    /// The family that the vocabulary is of, as in `general.architecture`: llama.cpp takes the whitespace rule of one token from it.
    public var architecture = ""
    /// The model's name: llama.cpp takes the whitespace rule of some special tokens from it, since GGUF stores none.
    public var modelName: String

    /// A vocabulary; `Tokenizer` checks whether it agrees with itself.
    public init(
        kind: Kind,
        preTokenizer: String = "default",
        tokens: [String],
        scores: [Float] = [],
        types: [TokenType] = [],
        merges: [String] = [],
        special: SpecialTokens = SpecialTokens(),
        addsBeginning: Bool = false,
        addsEnd: Bool = false,
        addsSpacePrefix: Bool = false,
        modelName: String = ""
    ) {
        self.kind = kind
        self.preTokenizer = preTokenizer
        self.tokens = tokens
        self.scores = scores
        self.types = types
        self.merges = merges
        self.special = special
        self.addsBeginning = addsBeginning
        self.addsEnd = addsEnd
        self.addsSpacePrefix = addsSpacePrefix
        self.modelName = modelName
    }
}
