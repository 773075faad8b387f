import BinaryIO
import DeviceFit

/// What to expect of a build on phones.
public struct FittedBuild: Codable, Sendable {
    /// The build's type.
    public let type: String
    /// Of the build's file.
    public let digest: SHA256Digest
    /// Of its file.
    public let fileBytes: Int?
    /// One for each device.
    public let estimates: [FitEstimate]
}
