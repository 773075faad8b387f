/// A map from two symbols, by number, to the rank and the result of their merge.
struct MergeTable: Sendable {
    /// A pair of symbols and its rank; the pair `UInt64.max` marks a free slot.
    private struct Slot {
        var pair: UInt64
        var rank: Int32
        var result: Int32
    }

    /// The slots; their number is a power of two, and at most half of them are used.
    private var slots: [Slot]

    /// - Parameter capacity: the largest number of pairs that will be inserted.
    init(capacity: Int) {
        var count = 64
        while count < 2 * capacity { count *= 2 }
        slots = Array(repeating: Slot(pair: .max, rank: 0, result: 0), count: count)
    }

    /// Adds a pair, unless it exists.
    mutating func insert(_ left: Int32, _ right: Int32, rank: Int32, result: Int32) {
        let pair = Self.pair(left, right)
        let slot = slot(of: pair)
        guard slots[slot].pair == .max else { return }
        slots[slot] = Slot(pair: pair, rank: rank, result: result)
    }

    /// - Parameters: the numbers of two symbols; a negative one merges with nothing.
    func merge(_ left: Int32, _ right: Int32) -> (rank: Int32, result: Int32)? {
        guard left >= 0, right >= 0 else { return nil }
        let slot = slots[slot(of: Self.pair(left, right))]
        return slot.pair == .max ? nil : (slot.rank, slot.result)
    }

    /// A vocabulary's merges, best first, and numbers for every text in them; the numbers of tokens are their ids.
    /// - Throws: `TokenizerError.malformedMerge`.
    static func numbered(_ merges: [String], tokens: ByteStringTable) throws(TokenizerError)
        -> (table: MergeTable, texts: ByteStringTable)
    {
        var texts = tokens
        var table = MergeTable(capacity: merges.count)
        for (rank, text) in merges.enumerated() {
            let bytes = Array(text.utf8)
            // A text may itself start with a space, so the search for the separator starts after the first byte.
            guard let space = bytes.dropFirst().firstIndex(of: 0x20) else {
                throw .malformedMerge(index: rank, text: text)
            }
            let left = texts.insert(bytes[..<space]).index
            let right = texts.insert(bytes[(space + 1)...]).index
            let result = texts.insert(bytes[..<space] + bytes[(space + 1)...]).index
            table.insert(left, right, rank: Int32(rank), result: result)
        }
        return (table, texts)
    }

    private static func pair(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    private func slot(of pair: UInt64) -> Int {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: ByteHash.hash(pair)) & mask
        while slots[slot].pair != .max, slots[slot].pair != pair { slot = (slot + 1) & mask }
        return slot
    }
}
