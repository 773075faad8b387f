import BinaryIO
import Foundation

/// How an object's bytes lie on the disk. It never changes what the bytes are: their name is the digest of the raw bytes.
public enum ObjectEncoding: String, Codable, Sendable, CaseIterable {
    /// As they are, because compression gained too little.
    case raw
    /// One zstd frame.
    case zstd
    /// A list of parts, which it may share with other objects; each part has an encoding of its own.
    case parts
}

/// What the publisher states about a build and the registry repeats.
public struct BuildFacts: Codable, Hashable, Sendable {
    /// The quantization as its format names it, such as `Q4_K_M`.
    public var quantType: String
    /// Bits of the file's tensors per parameter.
    public var bitsPerWeight: Double
    /// Where the model came from, such as `hf://microsoft/Phi-3-mini-4k-instruct`.
    public var sourceURI: String
    /// SHA-256 of the source checkpoint, where there is one file or one canonical list to digest.
    public var sourceDigest: SHA256Digest?
    /// An SPDX identifier or the name the source gives.
    public var license: String
    /// SHA-256 of the pipeline definition that made the build.
    public var pipelineDigest: SHA256Digest?
    /// The model's shape as JSON, for rooms that estimate; the registry does not interpret it.
    public var profile: String

    /// Every value is as its property describes it.
    public init(
        quantType: String,
        bitsPerWeight: Double,
        sourceURI: String,
        sourceDigest: SHA256Digest? = nil,
        license: String,
        pipelineDigest: SHA256Digest? = nil,
        profile: String = "{}"
    ) {
        self.quantType = quantType
        self.bitsPerWeight = bitsPerWeight
        self.sourceURI = sourceURI
        self.sourceDigest = sourceDigest
        self.license = license
        self.pipelineDigest = pipelineDigest
        self.profile = profile
    }
}

/// A published build.
public struct BuildRecord: Codable, Hashable, Sendable {
    /// `model@version:type`
    public var name: BuildName
    /// SHA-256 of the file, which is also the name of its object.
    public var digest: SHA256Digest
    /// Size of the file.
    public var fileBytes: Int
    /// Bytes on the registry's disk.
    public var storedBytes: Int
    /// How the bytes lie on the registry's disk.
    public var encoding: ObjectEncoding
    /// What the publisher states.
    public var facts: BuildFacts
    /// The version of edgepipe that published it.
    public var toolVersion: String
    /// When it was published, to the millisecond.
    public var createdAt: Date

    /// Raw bytes for each stored byte; 1.05 means that compression saved 5 of 105.
    public var compressionRatio: Double { storedBytes == 0 ? 1 : Double(fileBytes) / Double(storedBytes) }
}
