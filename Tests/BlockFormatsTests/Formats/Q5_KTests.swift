import Tensors
import Testing

@Suite struct Q5_KTests {
    @Test(arguments: [0, 1, 2.5] as [Float])
    func decodedWeightsStayWithinTheErrorBar(_ offset: Float) {
        #expect(ErrorBar.measure(.q5_K, offset: offset) < ErrorBar.fourToSixBits)
    }

    @Test(arguments: Sample.allCases)
    func bytesAreThoseOfTheDefinition(_ sample: Sample) throws { try expectTheDefinitionsBytes(.q5_K, sample) }

    @Test func onlyAnInfiniteScaleMakesABlockUnusable() { expectUsability(.q5_K, halvesAt: [0, 2]) }
}
