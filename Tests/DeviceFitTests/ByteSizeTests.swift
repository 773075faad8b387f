import DeviceFit
import Testing

@Suite struct ByteSizeTests {
    @Test(arguments: [
        ("3GB", 3_000_000_000), ("3 GB", 3_000_000_000), ("3gib", 3_221_225_472), ("512MiB", 536_870_912),
        ("1.5GB", 1_500_000_000), ("1024", 1024), ("7B", 7), ("2kB", 2000), ("1TiB", 1_099_511_627_776),
    ])
    func readsDecimalAndBinaryUnits(_ text: String, _ bytes: Int) throws {
        #expect(try ByteSize(text).bytes == bytes)
    }

    @Test(arguments: [
        "", "GB", "3G", "3g", "-3GB", "3 4GB", "0", "0.1B", "1e3", "nan", "inf", "3.GB", ".5GB", "99999999999TB", "٣GB",
        "3GBs",
    ])
    func refusesWhatCouldMeanSomethingElse(_ text: String) {
        #expect(throws: DeviceFitError.unreadableSize(text)) { try ByteSize(text) }
    }

    @Test func printsOneDecimal() {
        #expect(ByteSize(bytes: 3_000_000_000).description == "3.0 GB")
        #expect(ByteSize(bytes: 1_960_000_000).description == "2.0 GB")
        #expect(ByteSize(bytes: 1_940_000_000).description == "1.9 GB")
        #expect(ByteSize(bytes: 12).description == "12 B")
    }
}
