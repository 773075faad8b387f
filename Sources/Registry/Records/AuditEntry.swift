import BinaryIO
import Foundation

/// One line of the registry's append-only audit log. Each line carries the digest of the one before, so that a line that was
/// changed or taken out afterwards shows.
public struct AuditEntry: Codable, Hashable, Sendable {
    public var sequence: Int
    public var at: Date
    /// `create`, `publish`, `channel`.
    public var action: String
    /// What it was done to, such as a build's name.
    public var subject: String
    /// The rest, as JSON.
    public var detail: String
    public var digest: SHA256Digest
}

/// Who moves a channel, and why.
public struct MoveReason: Codable, Hashable, Sendable {
    public var who: String
    public var why: String

    public init(who: String, why: String) {
        self.who = who
        self.why = why
    }
}

/// One move of a channel.
public struct ChannelMove: Codable, Hashable, Sendable {
    public var channel: String
    public var model: String
    public var from: ModelVersion?
    public var to: ModelVersion
    public var at: Date
    /// Nobody and nothing in a registry from before this was asked.
    public var reason: MoveReason
    /// What was measured of the version when the channel moved to it: by type, the newest value of each metric.
    public var numbers: [String: [String: Double]]
}

/// A version of a model with its types, and the channels that point to it.
public struct VersionRecord: Codable, Hashable, Sendable {
    public var model: String
    public var version: ModelVersion
    /// In alphabetical order.
    public var types: [String]
    public var channels: [String]
    public var createdAt: Date
}
