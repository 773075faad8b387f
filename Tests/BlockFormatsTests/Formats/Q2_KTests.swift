import Tensors
import Testing

@Suite struct Q2_KTests {
    @Test(arguments: [0, 1, 2.5] as [Float])
    func decodedWeightsStayWithinTheErrorBar(_ offset: Float) {
        #expect(ErrorBar.measure(.q2_K, offset: offset) < ErrorBar.twoBits)
    }

    @Test(arguments: Sample.allCases)
    func bytesAreThoseOfTheDefinition(_ sample: Sample) throws { try expectTheDefinitionsBytes(.q2_K, sample) }

    @Test func onlyAnInfiniteScaleMakesABlockUnusable() { expectUsability(.q2_K, halvesAt: [80, 82]) }
}
