import BinaryIO
import DeviceFit

/// The estimates of a build on phones.
public struct FittedBuild: Codable, Sendable {
    /// The build's type.
    public let type: String
    /// The SHA-256 of the build's file.
    public let digest: SHA256Digest
    /// The size of its file, in bytes.
    public let fileBytes: Int?
    /// One estimate per device.
    public let estimates: [FitEstimate]
}
