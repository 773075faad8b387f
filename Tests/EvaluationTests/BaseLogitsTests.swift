import BinaryIO
import Evaluation
import SystemPackage
import TestSupport
import Testing

@Suite struct BaseLogitsTests {
    func file(context: Int32, vocabulary: Int32, chunks: Int32, rest: Int) -> [UInt8] {
        var bytes = Array("_logits_".utf8)
        for number in [context, vocabulary, chunks] { withUnsafeBytes(of: number.littleEndian) { bytes += $0 } }
        return bytes + Array(repeating: 0, count: rest)
    }

    @Test func soundFileIsRead() throws {
        let folder = try ScratchFolder()
        let path = folder.path.appending("sound")
        // 4 tokens; one scored position of 2 * (4 + 6) bytes.
        try writeFile(file(context: 4, vocabulary: 5, chunks: 1, rest: 16 + 20), to: path)
        let base = try BaseLogits(path: path)
        #expect(base.tokens == [0, 0, 0, 0] && base.vocabularySize == 5)
    }

    @Test func damagedFilesAreRefused() throws {
        let folder = try ScratchFolder()
        let path = folder.path.appending("damaged")
        var badToken = file(context: 4, vocabulary: 5, chunks: 1, rest: 36)
        badToken[20] = 5
        let damaged: [[UInt8]] = [
            [], Array("_logits_".utf8), Array("_Logits_".utf8) + Array(repeating: 1, count: 40),
            file(context: 4, vocabulary: 5, chunks: 1, rest: 35), file(context: 4, vocabulary: 5, chunks: 1, rest: 37),
            file(context: -4, vocabulary: 5, chunks: 1, rest: 36), file(context: 4, vocabulary: 0, chunks: 1, rest: 36),
            file(context: .max, vocabulary: .max, chunks: .max, rest: 36), badToken,
        ]
        for bytes in damaged {
            try writeFile(bytes, to: path)
            #expect(throws: EvaluationError.self) { try BaseLogits(path: path) }
        }
    }
}
