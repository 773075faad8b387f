import Testing
import Work

@Suite struct ConcurrentMapTests {
    private struct Refused: Error, Equatable { let number: Int }

    @Test(arguments: [1, 2, 7, 1000])
    func resultsComeInTheOrderOfTheElements(_ threads: Int) throws {
        #expect(try Array(0..<100).concurrentMap(threads: threads) { $0 * 2 } == (0..<100).map { $0 * 2 })
        #expect(try [Int]().concurrentMap(threads: threads) { $0 }.isEmpty)
    }

    @Test func theFirstFailureByPlaceIsThrown() {
        #expect(throws: Refused(number: 3)) {
            try Array(0..<100).concurrentMap(threads: 4) { if $0 >= 3 { throw Refused(number: $0) } }
        }
    }
}
