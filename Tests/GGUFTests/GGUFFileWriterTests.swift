import BinaryIO
import Dispatch
import GGUF
import SystemPackage
import Tensors
import TestSupport
import Testing

@Suite struct GGUFFileWriterTests {
    private let scratch: ScratchFolder
    private let path: FilePath
    private let layout: GGUFLayout

    init() throws {
        scratch = try ScratchFolder()
        path = scratch.path.appending("out.gguf")
        let tensors = try [
            GGUFLayoutTests.tensor("a", .f32, [3, 7]), GGUFLayoutTests.tensor("b", .q8_0, [64, 5]),
            GGUFLayoutTests.tensor("c", .f16, [1]),
        ]
        layout = GGUFLayout(metadata: Metadata(), tensors: tensors)
    }

    /// Byte `index` of tensor `tensor`.
    private func byte(_ tensor: Int, _ index: Int) -> UInt8 {
        UInt8(truncatingIfNeeded: tensor &* 101 &+ index &* 13 &+ 1)
    }

    @Test func piecesWrittenInAnyOrderFromAnyThreadGiveTheSameFile() throws {
        var expected = layout.headerBytes
        for (index, tensor) in layout.tensors.enumerated() {
            expected += [UInt8](repeating: 0, count: layout.offsets[index] - expected.count)
            expected += (0..<tensor.byteCount).map { byte(index, $0) }
        }
        expected += [UInt8](repeating: 0, count: layout.byteCount - expected.count)
        var random = SeededRandom.printed()
        for _ in 0..<5 {
            let pieces = layout.tensors.enumerated().flatMap { index, tensor in
                stride(from: 0, to: tensor.byteCount, by: 9).map { (index, $0..<min($0 + 9, tensor.byteCount)) }
            }.shuffled(using: &random)
            let writer = try GGUFFileWriter(path: path, layout: layout)
            let failures = Failures()
            DispatchQueue.concurrentPerform(iterations: pieces.count) { piece in
                failures.collect {
                    let (tensor, range) = pieces[piece]
                    let bytes = range.map { byte(tensor, $0) }
                    try bytes.withUnsafeBytes { try writer.write($0, tensor: tensor, at: range.lowerBound) }
                }
            }
            #expect(failures.all.isEmpty)
            try writer.commit()
            #expect(try readFile(path, limit: 1 << 20) == expected)
            #expect(try GGUFFile(path: path).tensors == layout.tensors)
        }
    }

    @Test func nothingAppearsBeforeCommitAndNothingStaysAfterDiscard() throws {
        let writer = try GGUFFileWriter(path: path, layout: layout)
        #expect(fileIdentity(path) == nil)
        writer.discard()
        #expect(try scratch.names.isEmpty)
    }
}
