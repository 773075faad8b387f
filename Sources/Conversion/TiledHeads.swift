/// Heads that a checkpoint stores in groups, one group per key head, and GGUF in tiles: the first head of each group,
/// then the second of each.
package struct TiledHeads: Sendable, Equatable {
    /// The number of rows before the heads, which stay in place.
    package var first = 0
    /// The number of groups, which is that of key heads.
    package let groupCount: Int
    /// The number of heads in a group.
    package let perGroup: Int
    /// The number of rows of a head.
    package let length: Int

    package init(first: Int = 0, groupCount: Int, perGroup: Int, length: Int) {
        (self.first, self.groupCount, self.perGroup, self.length) = (first, groupCount, perGroup, length)
    }

    /// The total number of rows.
    package var count: Int { first + groupCount * perGroup * length }

    /// The checkpoint's row for row `row` of the output.
    @inline(__always)
    package func source(of row: Int) -> Int {
        guard row >= first else { return row }
        let (head, within) = (row - first).quotientAndRemainder(dividingBy: length)
        let (place, group) = head.quotientAndRemainder(dividingBy: groupCount)
        return first + (group * perGroup + place) * length + within
    }
}
