import BinaryIO
import Foundation

/// One line of the registry's append-only audit log. Each line carries the digest of the previous one, so that a line
/// that was changed or removed later is detected.
public struct AuditEntry: Codable, Hashable, Sendable {
    /// The line's number, from 1, without gaps.
    public var sequence: Int
    /// When the line was written, to the millisecond.
    public var at: Date
    /// The action: `create` (the registry), `publish`, `facts` (the metadata of published bytes changed), `channel`,
    /// `delete`, `sign`, `measurement` (on a device), `sensitivity`, `repair`, `verify` (removed marks of lost bytes),
    /// `seal` (sealed the rows of an older registry as they were found).
    public var action: String
    /// The object of the action, such as a build's name.
    public var subject: String
    /// The details, as JSON.
    public var detail: String
    /// The digest of this line and of the previous line's digest.
    public var digest: SHA256Digest
}

/// Who moved a channel, and why.
public struct MoveReason: Codable, Hashable, Sendable {
    /// The person's name, as they gave it.
    public var who: String
    /// The reason, in the person's words.
    public var why: String

    /// Creates a value from its parts; each parameter is documented on its property.
    public init(who: String, why: String) {
        self.who = who
        self.why = why
    }
}

/// One move of a channel.
public struct ChannelMove: Codable, Hashable, Sendable {
    /// The channel's name, such as `production`.
    public var channel: String
    /// The model's name.
    public var model: String
    /// The previous version; nil if the channel was new.
    public var from: ModelVersion?
    /// The version that the channel points to since.
    public var to: ModelVersion
    /// When the channel moved, to the millisecond.
    public var at: Date
    /// The reason; empty for moves from before registries stored reasons.
    public var reason: MoveReason
    /// The newest value of each metric, by type, at the time of the move.
    public var numbers: [String: [String: Double]]
}

/// A version of a model with its types, and the channels that point to it.
public struct VersionRecord: Codable, Hashable, Sendable {
    /// The model's name.
    public var model: String
    /// The version itself.
    public var version: ModelVersion
    /// The types, in alphabetical order.
    public var types: [String]
    /// The channels that point to the version, in alphabetical order.
    public var channels: [String]
    /// When its first build was published, to the millisecond.
    public var createdAt: Date
}
