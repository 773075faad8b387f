/// A position where a file is cut into parts, and the kind of data that follows it.
///
/// The registry never parses a model, so the publisher says where its tensors begin. Parts that two files share are
/// then stored once, and 16-bit floats can be stored as byte planes, which compress better.
public struct PartCut: Codable, Hashable, Sendable {
    /// Byte offset in the file.
    public var offset: Int
    /// Bytes of one number after the cut, if byte planes may help: 2 or 4; otherwise 1.
    public var elementBytes: Int

    /// Creates a value from its parts; each parameter is documented on its property.
    public init(offset: Int, elementBytes: Int = 1) {
        self.offset = offset
        self.elementBytes = elementBytes
    }

    /// The longest part, in bytes. A larger tensor becomes several parts. Each worker holds a few parts in memory.
    static let longestPart = 16 << 20
    /// The longest part that a database may claim, in bytes, so that a forged row cannot exhaust memory.
    static let longestAccepted = 64 << 20

    /// A run of bytes that is stored as one part.
    struct Piece: Hashable, Sendable {
        var offset: Int
        var count: Int
        var elementBytes: Int
    }

    /// Divides a file of `byteCount` bytes into pieces, in order and without a gap.
    /// - Throws: `RegistryError.invalidValue` if the cuts do not ascend or are outside the file.
    static func pieces(of byteCount: Int, cutAt cuts: [PartCut]) throws(RegistryError) -> [Piece] {
        var regions = cuts
        if regions.first?.offset != 0 { regions.insert(PartCut(offset: 0), at: 0) }
        var pieces: [Piece] = []
        for (index, region) in regions.enumerated() {
            let end = index + 1 < regions.count ? regions[index + 1].offset : byteCount
            guard region.offset >= 0, region.offset < end, end <= byteCount else {
                throw .invalidValue(
                    field: "cuts",
                    detail: "the cut at byte \(region.offset) is out of place in a file of \(byteCount) bytes. Give "
                        + "ascending offsets inside of the file."
                )
            }
            for start in stride(from: region.offset, to: end, by: longestPart) {
                let count = min(longestPart, end - start)
                pieces.append(Piece(offset: start, count: count, elementBytes: region.elementBytes))
            }
        }
        return pieces
    }
}
