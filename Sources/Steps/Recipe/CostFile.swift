import BinaryIO
import BlockFormats
import Foundation
import Pipeline
import Recipes
import Registry
import SystemPackage

/// The costs of a model's tensors, with everything that they were computed from: a JSON file that the next size starts
/// from.
public struct CostFile: Codable, Sendable {
    /// Everything that decides the costs besides the ladder.
    public struct Origin: Codable, Equatable, Sendable {
        /// The SHA-256 of the model's file.
        public var modelSha256: SHA256Digest
        /// The SHA-256 of the calibration text.
        public var textSha256: SHA256Digest
        /// The SHA-256 of the importance matrix, if one was given.
        public var imatrixSha256: SHA256Digest?
        /// The number of tokens per window.
        public var context: Int
        /// The largest number of windows read.
        public var chunks: Int
        /// What labels were drawn by.
        public var seed: UInt64
        /// The rounding of weights in blocks.
        public var rounding: String

        /// The digest of everything that decides the gradients, which excludes the ladder and the rounding.
        var digest: SHA256Digest {
            SHA256Digest(of: "\(modelSha256) \(textSha256) \(context) \(chunks) \(seed)".utf8)
        }
    }

    /// The mark of the file format.
    public var format = Self.format
    /// The origin of the costs; see `Origin`.
    public var origin: Origin
    /// The types that were compared.
    public var ladder: String
    /// Whether every tensor is in the table, and measured if required.
    public var isComplete = false
    /// The tensors whose costs include feedback.
    public var fedBack: [String] = []
    /// The costs; see `CostTable`.
    public var table = CostTable(tensors: [])

    private static let format = "edgepipe-costs-1"
    /// The largest accepted file, in bytes, far more than the tensors of any model need.
    private static let longest = 1 << 28

    init(_ origin: Origin, _ ladder: TypeLadder) { (self.origin, self.ladder) = (origin, "\(ladder)") }

    /// - Throws: `FileError`; `StepsError.badFile` for a file that does not contain costs.
    init(path: FilePath) throws {
        let bytes = try readFile(path, limit: Self.longest)
        guard let file = try? JSONDecoder().decode(CostFile.self, from: Data(bytes)), file.format == Self.format else {
            throw StepsError.badFile(
                "\(path): it holds no costs of this version. Remove it, and they are computed again."
            )
        }
        self = file
    }

    /// The types that were compared.
    var types: TypeLadder { TypeLadder(ladder) ?? .k }

    /// The costs in the form of the registry, for choosing types of this model again.
    var record: SensitivityRecord {
        get throws {
            SensitivityRecord(
                modelDigest: origin.modelSha256,
                buildDigest: origin.modelSha256,
                textDigest: origin.textSha256,
                types: SensitivityRecord.types(ofLadder: ladder),
                context: origin.context,
                chunks: origin.chunks,
                kernels: Kernels.fastest.rawValue,
                toolVersion: Edgepipe.version,
                payload: String(decoding: try Self.encoder.encode(self), as: UTF8.self)
            )
        }
    }

    private static var encoder: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }

    /// Writes the file atomically.
    /// - Throws: `FileError`.
    func write(to path: FilePath) throws {
        try writeFile(try Self.encoder.encode(self), to: path)
    }
}
