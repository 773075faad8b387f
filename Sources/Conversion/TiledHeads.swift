/// Heads that a checkpoint has in groups, one group for each key head, and GGUF in tiles: the first of each group, then the
/// second of each.
package struct TiledHeads: Sendable, Equatable {
    /// Rows before the heads, which stay.
    package var first = 0
    /// Groups, which are as many as key heads.
    package let groupCount: Int
    /// Heads of a group.
    package let perGroup: Int
    /// Rows of a head.
    package let length: Int

    package init(first: Int = 0, groupCount: Int, perGroup: Int, length: Int) {
        (self.first, self.groupCount, self.perGroup, self.length) = (first, groupCount, perGroup, length)
    }

    /// Rows in all.
    package var count: Int { first + groupCount * perGroup * length }

    /// Where the row that becomes row `row` stands in the checkpoint.
    @inline(__always)
    package func source(of row: Int) -> Int {
        guard row >= first else { return row }
        let (head, within) = (row - first).quotientAndRemainder(dividingBy: length)
        let (place, group) = head.quotientAndRemainder(dividingBy: groupCount)
        return first + (group * perGroup + place) * length + within
    }
}
