import BinaryIO
import BlockFormats
import Foundation
import Pipeline
import Recipes
import Registry
import SystemPackage

/// What a model's tensors cost, with everything that it was worked out from: a JSON file that the next size starts from.
public struct CostFile: Codable, Sendable {
    /// What decides the costs beside the ladder.
    public struct Origin: Codable, Equatable, Sendable {
        /// Of the model's file.
        public var modelSha256: SHA256Digest
        /// Of the calibration text.
        public var textSha256: SHA256Digest
        /// Of the importance matrix, where one was given.
        public var imatrixSha256: SHA256Digest?
        /// Tokens of a window.
        public var context: Int
        /// Windows that were read, at most.
        public var chunks: Int
        /// What labels were drawn by.
        public var seed: UInt64
        /// How weights find their places in blocks.
        public var rounding: String

        /// Of what decides the gradients; the ladder and the rounding do not.
        var digest: SHA256Digest {
            SHA256Digest(of: "\(modelSha256) \(textSha256) \(context) \(chunks) \(seed)".utf8)
        }
    }

    /// Tells the file from others.
    public var format = Self.format
    /// See `Origin`.
    public var origin: Origin
    /// The types that were compared.
    public var ladder: String
    /// Whether every tensor is in the table, and measured where that has to be.
    public var isComplete = false
    /// Tensors whose costs are those after feedback.
    public var fedBack: [String] = []
    /// See `CostTable`.
    public var table = CostTable(tensors: [])

    private static let format = "edgepipe-costs-1"
    /// Far more than the tensors of any model take.
    private static let longest = 1 << 28

    init(_ origin: Origin, _ ladder: TypeLadder) { (self.origin, self.ladder) = (origin, "\(ladder)") }

    /// - Throws: `FileError`; `StepsError.badFile` for what is no file of costs.
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

    /// The costs as the registry keeps them, for whoever chooses types of this model again.
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

    /// Writes the file; it appears when it is complete.
    /// - Throws: `FileError`.
    func write(to path: FilePath) throws {
        try writeFile(try Self.encoder.encode(self), to: path)
    }
}
