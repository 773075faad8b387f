/// All data about a model's tokens that a tokenizer needs, from a GGUF file or from a Hugging Face folder.
public struct Vocabulary: Sendable {
    /// The algorithm that splits text into tokens.
    public enum Kind: Sendable, Hashable {
        /// SentencePiece: pairs merge by token score, unknown characters become byte tokens. GGUF calls it "llama".
        case sentencePiece
        /// Byte-level byte-pair encoding: words are split first, pairs merge by rank. GGUF calls it "gpt2".
        case byteLevelBPE
        /// Byte-pair encoding over characters, with byte tokens for characters without a token. GGUF calls it "gemma4",
        /// or "gpt2" with the name of such a rule.
        case characterPairs
        /// Splits words greedily into the longest tokens from their start. GGUF calls it "bert".
        case wordPiece
        /// Finds the sequence of tokens with the highest score. GGUF calls it "t5".
        case unigram
    }

    /// The normalization of letters before encoding.
    public struct WordNormalization: Sendable, Hashable {
        /// Whether to convert to lowercase.
        public var lowercases = true
        /// Whether to remove accents.
        public var stripsAccents = true

        /// Applies both.
        public init() {}
    }

    /// The purpose of a token, with GGUF's numbers.
    public enum TokenType: Int32, Sendable, Hashable {
        case undefined = 0
        case normal = 1
        case unknown = 2
        case control = 3
        case userDefined = 4
        case unused = 5
        case byte = 6
    }

    /// The ids of tokens with a role; nil if the model has none.
    public struct SpecialTokens: Sendable, Hashable {
        /// Precedes every text (BOS).
        public var beginning: Int32?
        /// Follows every text (EOS).
        public var end: Int32?
        /// Ends a turn in a chat (EOT).
        public var endOfTurn: Int32?
        /// Ends a message within a turn (EOM).
        public var endOfMessage: Int32?
        /// Replaces text that no token covers.
        public var unknown: Int32?
        /// Separates two texts.
        public var separator: Int32?
        /// Fills up batches.
        public var padding: Int32?
        /// Marks a token to predict.
        public var mask: Int32?
        /// Fill-in-the-middle padding; it ends generation.
        public var fillPadding: Int32?
        /// Fill-in-the-middle repository name; it ends generation.
        public var fillRepository: Int32?
        /// Fill-in-the-middle file separator; it ends generation.
        public var fillSeparator: Int32?
        /// Fill-in-the-middle prefix.
        public var fillPrefix: Int32?
        /// Fill-in-the-middle suffix.
        public var fillSuffix: Int32?
        /// Fill-in-the-middle middle.
        public var fillMiddle: Int32?

        /// Creates a set without special tokens.
        public init() {}

        /// Role and id of every token that is set, for checks and messages.
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

    /// The algorithm that splits text into tokens.
    public var kind: Kind
    /// The name of the rule that splits text into words, as in GGUF's `tokenizer.ggml.pre`; SentencePiece needs none.
    public var preTokenizer: String
    /// The text of each token; its index is its id. Byte-level tokens are encoded in GPT-2's byte alphabet.
    public var tokens: [String]
    /// One score per token; empty if the algorithm needs none.
    public var scores: [Float]
    /// One type per token; empty if all are normal.
    public var types: [TokenType]
    /// The merges, best first, each written as two texts with a space between.
    public var merges: [String]
    /// The tokens with a role that the vocabulary names.
    public var special: SpecialTokens
    /// Whether encoding with special tokens adds BOS (or its counterpart) before the text.
    public var addsBeginning: Bool
    /// Whether encoding with special tokens adds EOS (or its counterpart) after the text.
    public var addsEnd: Bool
    /// Whether SentencePiece and Unigram text is encoded as if a space preceded it.
    public var addsSpacePrefix: Bool
    /// Whether spaces at the ends of Unigram text and repeated spaces are removed.
    public var removesExtraSpaces = false
    /// SentencePiece's `precompiled_charsmap`, which normalizes Unigram text; empty for none.
    public var characterMap: [UInt8] = []
    /// Tokens that are never generated, however high the model rates them.
    public var suppressed: [Int32] = []
    /// The normalization of letters in WordPiece.
    public var wordNormalization = WordNormalization()
    /// Whether white space only separates words. GGUF calls such a vocabulary "whitespace".
    public var dropsWhiteSpace = false
    /// The value of `general.architecture`: llama.cpp derives the white space rule of one token from it.
    public var architecture = ""
    /// The model's name: llama.cpp derives the white space rule of some special tokens from it, because GGUF stores
    /// none.
    public var modelName: String

    /// Creates a vocabulary; `Tokenizer` checks that it is consistent.
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
