import BinaryIO

/// The cost of quantizing each tensor of a model alone: measured with the tensors of one build, or computed for every
/// type of a ladder.
public struct SensitivityRecord: Hashable, Sendable {
    /// SHA-256 of the original model, which need not be published.
    public var modelDigest: SHA256Digest
    /// SHA-256 of the build whose tensors replaced the model's.
    public var buildDigest: SHA256Digest
    /// SHA-256 of the text that was used.
    public var textDigest: SHA256Digest
    /// The build's types, separated by commas, or `ladder:` and the ladder's name for costs at every type of a ladder.
    public var types: String
    /// Length of a piece of text, in tokens.
    public var context: Int
    /// The number of pieces of text that were scored.
    public var chunks: Int
    /// The inner loops that ran: `swift`, `avx2`, `neon`.
    public var kernels: String
    /// The version of edgepipe that made the measurement.
    public var toolVersion: String
    /// The figures, as JSON.
    public var payload: String

    /// Creates a value from its parts; each parameter is documented on its property.
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

    /// The prefix of `types` if the costs are those of every type of a ladder.
    private static let ladderMark = "ladder:"

    /// The value of `types` for a ladder.
    public static func types(ofLadder ladder: String) -> String { ladderMark + ladder }

    /// Whether the costs are those of every type of a ladder, not of one build.
    public var isOfLadder: Bool { types.hasPrefix(Self.ladderMark) }
}
