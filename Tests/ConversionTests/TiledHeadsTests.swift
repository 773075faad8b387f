import Conversion
import Testing

@Suite struct TiledHeadsTests {
    /// Two groups of three heads with two rows, behind one row that stays.
    @Test func theFirstHeadOfEachGroupComesFirst() {
        let heads = TiledHeads(first: 1, groupCount: 2, perGroup: 3, length: 2)
        #expect(heads.count == 13)
        #expect((0..<13).map(heads.source) == [0, 1, 2, 7, 8, 3, 4, 9, 10, 5, 6, 11, 12])
    }

    @Test func eachRowIsTakenOnce() {
        let heads = TiledHeads(groupCount: 5, perGroup: 4, length: 3)
        #expect((0..<heads.count).map(heads.source).sorted() == Array(0..<heads.count))
    }
}
