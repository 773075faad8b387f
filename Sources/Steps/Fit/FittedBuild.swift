import BinaryIO
import DeviceFit

/// What to expect of a build on phones.
public struct FittedBuild: Codable, Sendable {
    public let type: String
    public let digest: SHA256Digest
    public let estimates: [FitEstimate]
}
