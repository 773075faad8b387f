import Registry

/// Why builds could not be carried in or out, beyond what the rooms below say.
public enum DistributionError: Error, CustomStringConvertible, Sendable {
    /// Something that was given and holds no builds, or other bytes than it says; in words that name the place in it and end
    /// with what to do.
    case unusable(place: String, String)
    /// A build that sees, without what it sees with.
    case halfPair(BuildName, missing: BuildName)

    /// What the place says of itself does not hold.
    static func damage(_ place: String, _ detail: String) -> DistributionError {
        .unusable(place: place, "\(detail). Export it again.")
    }

    /// The place, what is wrong there, and what to do.
    public var description: String {
        switch self {
        case .unusable(let place, let words): "\(place): \(words)"
        case .halfPair(let build, let projector):
            "\(build) sees with \(projector), which is not here as it was published. Bring both: export and import the "
                + "version whole, or publish it again."
        }
    }
}
