import BinaryIO
import SystemPackage
import Testing

@Suite struct FileErrorTests {
    @Test(arguments: [Errno.noSuchFileOrDirectory, .permissionDenied, .noSpace, .isDirectory, .ioError])
    func saysWhatFailedWhereAndWhatToDo(_ errno: Errno) {
        let error = FileError("open", "/models/a.gguf", errno: errno)
        #expect(error.description.hasPrefix("/models/a.gguf: cannot open: \(errno). "))
        #expect(error.description.hasSuffix(".") && error.errno == errno)
    }

    @Test func reasonsOfItsOwnStandAsTheyAre() {
        let error = FileError("read", "a", because: "it is odd. Try another.")
        #expect(error.description == "a: cannot read: it is odd. Try another." && error.errno == nil)
    }
}
