import BinaryIO
import SystemPackage

/// A GGUF file that a step made: the converted model, or one quantization of it.
public struct BuildFile: Codable, Sendable, Equatable {
    /// The build's type as it stands in its name: "q4_k_m".
    public let type: String
    public internal(set) var path: FilePath
    public let byteCount: Int
    public let digest: SHA256Digest
    /// Averaged over all weights, as it came out.
    public let bitsPerWeight: Double
    /// Tensors whose shape did not allow the type that was wanted.
    public let fallbacks: [Fallback]
    /// Over all tensors whose type changed, where that was measured; see `QuantizationReport`.
    public let relativeError: Double?
    /// What each of them lost.
    public let errors: [TensorError]?
    /// When the file was finished, in nanoseconds since 1970: an unchanged file need not be read to be trusted.
    private let modified: Int

    public struct Fallback: Codable, Sendable, Equatable {
        public let tensor: String
        public let wanted: String
        public let got: String
        public let reason: String?
    }

    public struct TensorError: Codable, Sendable, Equatable {
        public let tensor: String
        public let relativeError: Double
        /// By the importance matrix, where there is one.
        public let weightedError: Double?
    }

    /// Describes a finished file; reads all of it.
    /// - Throws: `FileError`.
    init(
        type: String,
        path: FilePath,
        bitsPerWeight: Double,
        fallbacks: [Fallback] = [],
        relativeError: Double? = nil,
        errors: [TensorError]? = nil
    ) throws {
        digest = try SHA256Digest(ofFile: path)
        guard let status = FileStatus(path) else { throw FileError("open", path, errno: .noSuchFileOrDirectory) }
        self.type = type
        self.path = path
        self.bitsPerWeight = bitsPerWeight
        self.fallbacks = fallbacks
        self.relativeError = relativeError
        self.errors = errors
        byteCount = status.byteCount
        modified = status.modified
    }

    /// Whether the file is still what it was. One that was touched since is read again.
    var isIntact: Bool {
        guard let status = FileStatus(path), status.byteCount == byteCount else { return false }
        return status.modified == modified || (try? SHA256Digest(ofFile: path)) == digest
    }
}
