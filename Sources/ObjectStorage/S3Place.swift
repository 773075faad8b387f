/// A bucket and a prefix for the names of its objects: `s3://bucket/prefix`.
public struct S3Place: Hashable, Sendable, CustomStringConvertible {
    /// The scheme of such a place.
    public static let scheme = "s3://"

    /// The bucket's name.
    public let bucket: String
    /// The prefix, without slashes at its ends; may be empty.
    public let prefix: String

    /// Parses `s3://bucket` or `s3://bucket/prefix`.
    ///
    /// A prefix consists of letters, digits and `-._/`, so that it is the same in an address, a signature and a
    /// message.
    /// - Throws: `ObjectStorageError.badPlace`.
    public init(_ text: String) throws(ObjectStorageError) {
        guard text.hasPrefix(Self.scheme) else { throw .badPlace(text, "it does not begin with \(Self.scheme)") }
        let rest = text.dropFirst(Self.scheme.count)
        let bucket = rest.prefix { $0 != "/" }
        // Source: Amazon S3, "General purpose bucket naming rules".
        let isBucket =
            (3...63).contains(bucket.utf8.count) && !bucket.contains("..")
            && bucket.utf8.allSatisfy { $0.isAlphanumeric && !$0.isCapital || "-.".utf8.contains($0) }
            && bucket.utf8.first?.isAlphanumeric == true && bucket.utf8.last?.isAlphanumeric == true
        guard isBucket else {
            throw .badPlace(text, "a bucket's name has 3 to 63 small letters, digits, dots and dashes")
        }
        var prefix = rest.dropFirst(bucket.count).drop { $0 == "/" }
        while prefix.hasSuffix("/") { prefix = prefix.dropLast() }
        let components = prefix.split(separator: "/", omittingEmptySubsequences: false)
        let isPrefix =
            prefix.utf8.count <= 512
            && prefix.utf8.allSatisfy { $0.isAlphanumeric || "-._/".utf8.contains($0) }
            && (prefix.isEmpty || components.allSatisfy { !["", ".", ".."].contains($0) })
        guard isPrefix else {
            throw .badPlace(text, "a prefix has letters, digits and -._/ alone, and no empty, . or .. between slashes")
        }
        (self.bucket, self.prefix) = (String(bucket), String(prefix))
    }

    /// The full key of an object.
    package func key(_ name: String) -> String { prefix.isEmpty ? name : "\(prefix)/\(name)" }

    /// The address of an object, for messages.
    public func address(of name: String) -> String { "\(Self.scheme)\(bucket)/\(key(name))" }

    /// The place as it is written.
    public var description: String { Self.scheme + bucket + (prefix.isEmpty ? "" : "/\(prefix)") }
}

extension UInt8 {
    var isCapital: Bool { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) }

    /// Whether the byte is an ASCII letter or digit.
    var isAlphanumeric: Bool {
        isCapital || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self)
    }
}
