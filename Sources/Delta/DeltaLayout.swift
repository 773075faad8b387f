import BinaryIO
import GGUF

/// Matches each run of bytes of a new file with similar bytes of an old one.
struct DeltaLayout {
    /// A run of bytes of the new file.
    struct Piece: Sendable {
        /// How the old file resembles the piece.
        enum Likeness: Sendable, Hashable {
            /// The bytes at this offset match one for one.
            case tensor(Int)
            /// Similar bytes are in this range.
            case header(Range<Int>)
            case nothing
        }

        let range: Range<Int>
        let likeness: Likeness
    }

    /// Length of a piece, in bytes: short enough that an application can hold a few in little memory.
    static let pieceBytes = 4 << 20

    private(set) var pieces: [Piece] = []

    /// Matches tensors by name if length and type agree, otherwise by their bytes.
    init(old: GGUFFile, new: GGUFFile) {
        let oldStart = old.offsets.min() ?? old.byteCount
        let newStart = new.offsets.min() ?? new.byteCount
        // Metadata keys that were added or grew shift the rest of the header.
        let slack = Self.pieceBytes / 4
        for piece in Self.cut(0..<newStart, Self.pieceBytes / 2) {
            let begin = min(oldStart, max(0, piece.lowerBound - slack))
            let prefix = begin..<min(oldStart, begin + Self.pieceBytes)
            pieces.append(Piece(range: piece, likeness: prefix.isEmpty ? .nothing : .header(prefix)))
        }
        let places = Dictionary(zip(old.tensors.map(\.name), old.offsets)) { first, _ in first }
        var byDigest: [Int: [SHA256Digest: Int]] = [:]
        let inOrder = zip(new.tensors, new.offsets).sorted { $0.1 < $1.1 }
        for (index, (tensor, offset)) in inOrder.enumerated() where tensor.byteCount > 0 {
            let end = index + 1 < inOrder.count ? inOrder[index + 1].1 : new.byteCount
            var place: Int?
            if let same = old.tensor(named: tensor.name), same.byteCount == tensor.byteCount, same.type == tensor.type {
                place = places[tensor.name]
            } else {
                let known = byDigest[tensor.byteCount] ?? Self.digests(of: old, byteCount: tensor.byteCount)
                byDigest[tensor.byteCount] = known
                if !known.isEmpty { place = known[SHA256Digest(of: new.bytes(of: tensor))] }
            }
            add(offset..<end, like: place, of: old.byteCount)
        }
    }

    private mutating func add(_ range: Range<Int>, like place: Int?, of oldBytes: Int) {
        let alike = place.map { min(range.count, oldBytes - $0) } ?? 0
        let middle = range.lowerBound + alike
        for piece in Self.cut(range.lowerBound..<middle, Self.pieceBytes) {
            pieces.append(Piece(range: piece, likeness: .tensor((place ?? 0) + piece.lowerBound - range.lowerBound)))
        }
        for piece in Self.cut(middle..<range.upperBound, Self.pieceBytes) {
            pieces.append(Piece(range: piece, likeness: .nothing))
        }
    }

    private static func digests(of file: GGUFFile, byteCount: Int) -> [SHA256Digest: Int] {
        var digests: [SHA256Digest: Int] = [:]
        for (tensor, offset) in zip(file.tensors, file.offsets) where tensor.byteCount == byteCount {
            digests[SHA256Digest(of: file.bytes(of: tensor))] = offset
        }
        return digests
    }

    private static func cut(_ range: Range<Int>, _ count: Int) -> [Range<Int>] {
        stride(from: range.lowerBound, to: range.upperBound, by: count).map { $0..<min($0 + count, range.upperBound) }
    }
}
