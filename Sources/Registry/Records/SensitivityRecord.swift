import BinaryIO

/// What quantizing each tensor of a model alone costs, as somebody measured it in one build, or as it was worked out for every type of a
/// ladder.
public struct SensitivityRecord: Hashable, Sendable {
    /// SHA-256 of the model as it was, which need not be published.
    public var modelDigest: SHA256Digest
    /// SHA-256 of the build whose tensors took the places of the model's.
    public var buildDigest: SHA256Digest
    /// SHA-256 of the text that it was measured on.
    public var textDigest: SHA256Digest
    /// Names of the build's types, with commas between them; `ladder:` and its name for costs at every type of a ladder.
    public var types: String
    /// Tokens of a piece of text, and how many pieces.
    public var context: Int
    /// How many pieces of text were scored.
    public var chunks: Int
    /// Which inner loops ran: `swift`, `avx2`, `neon`.
    public var kernels: String
    /// The version of edgepipe that measured.
    public var toolVersion: String
    /// The figures, as JSON.
    public var payload: String

    /// Every value is as its property describes it.
    public init(
        modelDigest: SHA256Digest,
        buildDigest: SHA256Digest,
        textDigest: SHA256Digest,
        types: String,
        context: Int,
        chunks: Int,
        kernels: String,
        toolVersion: String,
        payload: String
    ) {
        self.modelDigest = modelDigest
        self.buildDigest = buildDigest
        self.textDigest = textDigest
        self.types = types
        self.context = context
        self.chunks = chunks
        self.kernels = kernels
        self.toolVersion = toolVersion
        self.payload = payload
    }

    /// What `types` begins with where the costs are those of every type of a ladder.
    private static let ladderMark = "ladder:"

    /// The types of a ladder, as `types` has them.
    public static func types(ofLadder ladder: String) -> String { ladderMark + ladder }

    /// Whether the costs are those of every type of a ladder, and of no build.
    public var isOfLadder: Bool { types.hasPrefix(Self.ladderMark) }
}
