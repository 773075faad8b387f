import Tensors
import Testing

@Suite struct Q3_KTests {
    @Test(arguments: [0, 1, 2.5] as [Float])
    func decodedWeightsStayWithinTheErrorBar(_ offset: Float) {
        #expect(ErrorBar.measure(.q3_K, offset: offset) < ErrorBar.threeBits)
    }

    @Test(arguments: Sample.allCases)
    func bytesAreThoseOfTheDefinition(_ sample: Sample) throws { try expectTheDefinitionsBytes(.q3_K, sample) }

    @Test func onlyAnInfiniteScaleMakesABlockUnusable() { expectUsability(.q3_K, halvesAt: [108]) }
}
