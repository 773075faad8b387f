import BinaryIO

/// What a delta takes, by what it does. Bytes.
public struct DeltaReport: Encodable, Sendable {
    /// Of the delta; of a plan, what it would be at the same level.
    public var deltaBytes: Int
    /// Of the old file, and of the new one.
    public var oldBytes: Int
    /// Of the new file.
    public var newBytes: Int
    /// Which files it leads from and to.
    public var oldSha256: SHA256Digest
    /// Of the new file.
    public var newSha256: SHA256Digest
    /// Of the directory.
    public var directoryBytes: Int
    /// Bytes of the new file by the operation that gives them.
    public var given: [String: Int] = [:]
    /// Bytes of frames by operation.
    public var framed: [String: Int] = [:]
    /// Share of the new file, 0 to 1 and beyond.
    public var share: Double { newBytes == 0 ? 0 : Double(deltaBytes) / Double(newBytes) }
    /// Whether a delta is the better thing to send.
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

    /// With the share and whether it is worthwhile, which follow from the others.
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
