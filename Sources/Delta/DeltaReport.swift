import BinaryIO

/// The size of a delta, by operation; all sizes in bytes.
public struct DeltaReport: Encodable, Sendable {
    /// Size of the delta; for a plan, the size that it would have at the same level.
    public var deltaBytes: Int
    /// Size of the old file.
    public var oldBytes: Int
    /// Size of the new file.
    public var newBytes: Int
    /// SHA-256 of the old file.
    public var oldSha256: SHA256Digest
    /// SHA-256 of the new file.
    public var newSha256: SHA256Digest
    /// Size of the directory.
    public var directoryBytes: Int
    /// Bytes of the new file, by the operation that produces them.
    public var given: [String: Int] = [:]
    /// Bytes of frames, by operation.
    public var framed: [String: Int] = [:]
    /// Size of the delta divided by that of the new file; may exceed 1.
    public var share: Double { newBytes == 0 ? 0 : Double(deltaBytes) / Double(newBytes) }
    /// Whether sending the delta is better than sending the new file.
    public var isWorthwhile: Bool { share < DeltaMaker.mostWorthwhile }

    init(_ directory: DeltaDirectory, deltaBytes: Int, headBytes: Int) {
        (oldBytes, newBytes) = (directory.old.bytes, directory.new.bytes)
        (oldSha256, newSha256) = (directory.old.sha256, directory.new.sha256)
        (self.deltaBytes, directoryBytes) = (deltaBytes, headBytes)
        for operation in directory.operations {
            given[operation.op.rawValue, default: 0] += operation.bytes
            framed[operation.op.rawValue, default: 0] += operation.frame ?? 0
        }
    }

    private enum CodingKeys: String, CodingKey {
        case deltaBytes, oldBytes, newBytes, oldSha256, newSha256, directoryBytes, given, framed, share, isWorthwhile
    }

    /// Also encodes the share and whether the delta is worthwhile, which are computed.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(deltaBytes, forKey: .deltaBytes)
        try container.encode(oldBytes, forKey: .oldBytes)
        try container.encode(newBytes, forKey: .newBytes)
        try container.encode(oldSha256, forKey: .oldSha256)
        try container.encode(newSha256, forKey: .newSha256)
        try container.encode(directoryBytes, forKey: .directoryBytes)
        try container.encode(given, forKey: .given)
        try container.encode(framed, forKey: .framed)
        try container.encode(share, forKey: .share)
        try container.encode(isWorthwhile, forKey: .isWorthwhile)
    }
}
