import Crypto
import SystemPackage

/// A SHA-256 digest; its description is 64 lowercase hexadecimal digits.
public struct SHA256Digest: Hashable, Sendable, CustomStringConvertible {
    private let bytes: [UInt8]

    init(_ digest: SHA256.Digest) {
        bytes = Array(digest)
    }

    /// The digest of bytes.
    public init(of data: some Sequence<UInt8>) {
        var hash = SHA256()
        hash.update(data: Array(data))
        self.init(hash.finalize())
    }

    /// The digest of bytes in memory, without copying them.
    public init(of buffer: UnsafeRawBufferPointer) {
        var hash = SHA256()
        hash.update(bufferPointer: buffer)
        self.init(hash.finalize())
    }

    /// Parses exactly 64 lowercase hexadecimal digits. Any other text is rejected, because it must never become a path.
    public init?(hex: some StringProtocol) {
        let digits = Array(hex.utf8)
        guard digits.count == 64 else { return nil }
        var bytes: [UInt8] = []
        for pair in stride(from: 0, to: 64, by: 2) {
            guard let high = Self.value(of: digits[pair]), let low = Self.value(of: digits[pair + 1]) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        self.bytes = bytes
    }

    /// 64 lowercase hexadecimal digits.
    public var description: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// The first twelve digits, enough to distinguish builds in a table.
    public var short: String { String(description.prefix(12)) }

    private static func value(of digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}

/// Computes SHA-256 over bytes that arrive piece by piece.
public struct SHA256Hasher: Sendable {
    private var hash = SHA256()

    /// Creates a hasher without bytes.
    public init() {}

    /// Appends bytes.
    public mutating func update(_ buffer: UnsafeRawBufferPointer) {
        hash.update(bufferPointer: buffer)
    }

    /// The digest of all bytes so far.
    public func finalize() -> SHA256Digest { SHA256Digest(hash.finalize()) }
}

extension SHA256Digest {
    /// The digest of a whole file, read in slabs so that memory stays bounded.
    /// - Throws: `FileError`.
    public init(ofFile path: FilePath) throws {
        var hasher = SHA256Hasher()
        try forEachSlab(of: path) { hasher.update($0) }
        self = hasher.finalize()
    }
}
