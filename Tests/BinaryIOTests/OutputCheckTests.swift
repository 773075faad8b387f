import BinaryIO
import SystemPackage
import TestSupport
import Testing

@Suite struct OutputCheckTests {
    @Test func anInputIsNotReplacedUnderWhateverName() throws {
        let scratch = try ScratchFolder()
        let input = try scratch.write("text", to: "input")
        let other = scratch.path.appending(".").appending("input")
        #expect(throws: OutputError.replacesInput(other)) { try checkOutput(other, replacing: [input]) }
        try checkOutput(scratch.appending("output"), replacing: [input, scratch.appending("missing")])
    }

    @Test func aDiskThatIsTooSmallIsToldBeforehand() throws {
        let scratch = try ScratchFolder()
        try checkSpace(for: 1, at: scratch.appending("output"))
        let error = try #require(throws: OutputError.self) {
            try checkSpace(for: .max, at: scratch.appending("output"))
        }
        #expect("\(error)".contains("and the disk has") && "\(error)".contains("Free some space"))
    }

    @Test func sizesAreWrittenInDecimalUnits() {
        #expect([999, 1500, 3_000_000_000].map(decimalSize) == ["999 B", "1.5 kB", "3.0 GB"])
    }
}
