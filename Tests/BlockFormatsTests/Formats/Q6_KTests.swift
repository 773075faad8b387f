import Tensors
import Testing

@Suite struct Q6_KTests {
    @Test(arguments: [0, 1, 2.5] as [Float])
    func decodedWeightsStayWithinTheErrorBar(_ offset: Float) {
        #expect(ErrorBar.measure(.q6_K, offset: offset) < ErrorBar.fourToSixBits)
    }

    @Test(arguments: Sample.allCases)
    func bytesAreThoseOfTheDefinition(_ sample: Sample) throws { try expectTheDefinitionsBytes(.q6_K, sample) }

    @Test func onlyAnInfiniteScaleMakesABlockUnusable() { expectUsability(.q6_K, halvesAt: [208]) }
}
