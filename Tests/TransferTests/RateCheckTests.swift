import Testing
import Transfer

@Suite struct RateCheckTests {
    @Test func aWindowThatBringsTooLittleIsAnError() {
        var check = RateCheck(LowestRate(bytesPerSecond: 100, window: .zero))
        #expect(throws: Never.self) { try check.note(100) }
        let error = #expect(throws: RateCheck.TooSlow.self) { try check.note(99) }
        #expect(error?.description == "only 99 bytes came within 0 seconds")
    }

    @Test func withinItsWindowATransferMayPause() throws {
        var check = RateCheck(LowestRate(bytesPerSecond: 1 << 40, window: .seconds(3600)))
        for _ in 0..<100 { try check.note(1) }
    }
}
