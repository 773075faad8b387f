import BinaryIO
import Foundation

/// One line of the registry's append-only audit log. Each line carries the digest of the one before, so that a line that was
/// changed or taken out afterwards shows.
public struct AuditEntry: Codable, Hashable, Sendable {
    /// From 1, without gaps.
    public var sequence: Int
    /// To the millisecond.
    public var at: Date
    /// What was done: `create` (the registry), `publish`, `facts` (what is known of published bytes changed), `channel`,
    /// `delete`, `sign`, `measurement` (on a device), `sensitivity`, `repair`, `verify` (marks of lost bytes were taken away),
    /// `seal` (rows of an older registry, as they were found).
    public var action: String
    /// What it was done to, such as a build's name.
    public var subject: String
    /// The rest, as JSON.
    public var detail: String
    /// Over this line and the digest of the one before.
    public var digest: SHA256Digest
}

/// Who moves a channel, and why.
public struct MoveReason: Codable, Hashable, Sendable {
    /// A name, as its owner gave it.
    public var who: String
    /// In their own words.
    public var why: String

    /// Every value is as its property describes it.
    public init(who: String, why: String) {
        self.who = who
        self.why = why
    }
}

/// One move of a channel.
public struct ChannelMove: Codable, Hashable, Sendable {
    /// Such as `production`.
    public var channel: String
    /// The model's name.
    public var model: String
    /// Nil where the channel was new.
    public var from: ModelVersion?
    /// The version that it points to since.
    public var to: ModelVersion
    /// To the millisecond.
    public var at: Date
    /// Nobody and nothing in a registry from before this was asked.
    public var reason: MoveReason
    /// What was measured of the version when the channel moved to it: by type, the newest value of each metric.
    public var numbers: [String: [String: Double]]
}

/// A version of a model with its types, and the channels that point to it.
public struct VersionRecord: Codable, Hashable, Sendable {
    /// The model's name.
    public var model: String
    /// The version itself.
    public var version: ModelVersion
    /// In alphabetical order.
    public var types: [String]
    /// In alphabetical order.
    public var channels: [String]
    /// When its first build was published, to the millisecond.
    public var createdAt: Date
}
