import Crypto
import Foundation

/// The digest by which a server identifies a file's bytes.
package enum BlobDigest: Hashable, Sendable {
    /// SHA-256 of the bytes, for large files.
    case sha256(String)
    /// Git's blob id: SHA-1 of the word `blob`, the size and the bytes.
    case git(String)

    package var hex: String {
        switch self {
        case .sha256(let hex), .git(let hex): hex
        }
    }

    /// Parses 64 or 40 lowercase hexadecimal digits. Any other text is rejected, because it must never become a path.
    package init?(hex: String) {
        guard hex.utf8.allSatisfy({ "0123456789abcdef".utf8.contains($0) }) else { return nil }
        switch hex.utf8.count {
        case 64: self = .sha256(hex)
        case 40: self = .git(hex)
        default: return nil
        }
    }
}

/// Computes the digest of bytes that arrive piece by piece.
package struct BlobHasher {
    private enum State {
        case sha256(SHA256)
        case git(Insecure.SHA1)
    }

    private var state: State

    /// - Parameter size: size of the whole file in bytes, which git's digest begins with.
    package init(_ digest: BlobDigest, size: Int) {
        switch digest {
        case .sha256: state = .sha256(SHA256())
        case .git:
            var hash = Insecure.SHA1()
            hash.update(data: Array("blob \(size)\0".utf8))
            state = .git(hash)
        }
    }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        switch state {
        case .sha256(var hash):
            hash.update(bufferPointer: bytes)
            state = .sha256(hash)
        case .git(var hash):
            hash.update(bufferPointer: bytes)
            state = .git(hash)
        }
    }

    package func finalize() -> BlobDigest {
        switch state {
        case .sha256(let hash): .sha256(Self.hex(hash.finalize()))
        case .git(let hash): .git(Self.hex(hash.finalize()))
        }
    }

    private static func hex(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { String(format: "%02x", $0) }.joined()
    }
}
