import BinaryIO

/// A version of a model: `major.minor.patch` with an optional pre-release, ordered by Semantic Versioning 2.0.0 §11.
///
/// Build metadata (`+...`) is rejected: two versions that differ only there have no order, and "the newest" must be
/// unique.
public struct ModelVersion: Hashable, Comparable, Sendable, LosslessStringConvertible {
    /// Raised for incompatible changes.
    public let major: Int
    /// Raised for new features.
    public let minor: Int
    /// Raised for fixes.
    public let patch: Int
    /// Dot-separated identifiers after the hyphen; empty for a release.
    public let preRelease: [String]

    static let rule = "three numbers such as 1.0.0, or with a pre-release such as 1.1.0-rc.1 (small letters)"

    /// Parses a version such as `1.2.0-rc.1`; nil if the text is not a valid version.
    public init?(_ text: String) {
        let halves = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        let numbers = halves[0].split(separator: ".", omittingEmptySubsequences: false).map(Self.number)
        guard numbers.count == 3, let major = numbers[0], let minor = numbers[1], let patch = numbers[2] else {
            return nil
        }
        var preRelease: [String] = []
        if halves.count == 2 {
            preRelease = halves[1].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            guard preRelease.allSatisfy(Self.isIdentifier), text.utf8.count <= NameGrammar.longest else { return nil }
        }
        (self.major, self.minor, self.patch, self.preRelease) = (major, minor, patch, preRelease)
    }

    /// - Throws: `RegistryError.invalidName` if the text is not a valid version.
    public init(parsing text: String) throws(RegistryError) {
        guard let version = ModelVersion(text) else { throw .invalidName(text, of: "version", rule: Self.rule) }
        self = version
    }

    /// Whether this is a pre-release, which precedes the release with the same number.
    public var isPreRelease: Bool { !preRelease.isEmpty }

    /// The version as it is written: `1.2.0`, `1.2.0-rc.1`.
    public var description: String {
        "\(major).\(minor).\(patch)" + (isPreRelease ? "-" + preRelease.joined(separator: ".") : "")
    }

    /// Orders by number; a pre-release precedes its release.
    public static func < (left: Self, right: Self) -> Bool {
        let (l, r) = ((left.major, left.minor, left.patch), (right.major, right.minor, right.patch))
        if l != r { return l < r }
        // A pre-release precedes its release.
        if left.isPreRelease != right.isPreRelease { return left.isPreRelease }
        return left.preRelease.lexicographicallyPrecedes(right.preRelease, by: precedes)
    }

    /// Whether one pre-release identifier precedes another. Numbers precede words and compare as numbers.
    private static func precedes(_ left: String, _ right: String) -> Bool {
        switch (Int(left), Int(right)) {
        case (let l?, let r?): l < r
        case (.some, nil): true
        case (nil, .some): false
        case (nil, nil): left < right
        }
    }

    /// Parses a number of at most nine digits without a leading zero, so that a number has one spelling.
    private static func number(_ text: Substring) -> Int? {
        guard (1...9).contains(text.utf8.count), text.utf8.allSatisfy(isDigit), text == "0" || text.first != "0" else {
            return nil
        }
        return Int(text)
    }

    private static func isIdentifier(_ text: String) -> Bool {
        guard !text.isEmpty else { return false }
        if text.utf8.allSatisfy(isDigit) { return number(Substring(text)) != nil }
        return text.utf8.allSatisfy { isDigit($0) || $0 == UInt8(ascii: "-") || (97...122).contains($0) }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte }
}

extension ModelVersion: Codable {
    /// Reads the version from its text.
    public init(from decoder: any Decoder) throws {
        try self.init(parsing: decoder.singleValueContainer().decode(String.self))
    }

    /// Writes the version as its text.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
