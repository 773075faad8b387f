import BinaryIO
import Conversion
import Evaluation
import GGUF
import Inference
import Quantization
import SystemPackage
import TestSupport
import Testing

/// A text that several machines measure piece by piece.
@Suite struct ScoredPieceTests {
    private let text: [UInt8]
    private let tiny: TinyModels
    private let base: LanguageModel
    private let builds: [LanguageModel]
    private let options = EvaluationOptions(context: 64, chunks: 7, threads: 2)

    init() throws {
        text = try PerplexityGoldens.text()
        let tiny = try TinyModels()
        self.tiny = tiny
        let path = try tiny.converted(.f16)
        base = try LanguageModel(path: path)
        let source = try GGUFFile(path: path)
        builds = try [Quantization.FileType.q8_0, .q2_K].map {
            try LanguageModel(path: try tiny.quantized($0, from: source))
        }
    }

    /// The piece as another machine finds it.
    private func carried(_ piece: ScoredPiece, _ name: String) throws -> ScoredPiece {
        let path = tiny.scratch(name)
        try piece.write(to: path)
        let read = try ScoredPiece(reading: path)
        #expect(read == piece)
        return read
    }

    /// Equal as values are, so bit for bit.
    @Test(arguments: [1, 2, 3, 7, 9])
    func anyNumberOfPiecesGivesThePerplexityOfOneRun(_ count: Int) throws {
        let whole = try PerplexityRun(base, options).measure(text: text)
        var chunks = 0
        let pieces = try (0..<count).map { number in
            let piece = TextPiece(number: number, count: count)
            let run = PerplexityRun(base, options)
            let scores = try run.scores(of: piece, in: try run.windows(of: text)) {
                chunks += 1
                #expect($0.chunkCount == piece.windows(of: 7).count)
            }
            return try carried(scores, "\(number).scores")
        }
        let joined = try ScoredPiece.joined(pieces.reversed())
        #expect(joined.perplexity == whole && joined.divergence == nil)
        #expect(chunks == 7 && pieces.map(\.range.count).reduce(0, +) == 7)
    }

    @Test(arguments: [1, 2, 3, 7, 9])
    func anyNumberOfPiecesGivesTheDivergencesOfOneRun(_ count: Int) throws {
        var run = KLDivergenceRun(builds, options)
        let whole = try run.compare(with: base, text: text) { _, _ in }
        // The base reads fewer windows at a time than a piece has.
        run.keptBytes = 1
        var pieces = builds.map { _ in [ScoredPiece]() }
        let windows = try run.windows(of: text, base)
        for number in 0..<count {
            let found = try run.scores(of: TextPiece(number: number, count: count), in: windows, with: base)
            for (index, piece) in found.enumerated() {
                pieces[index].append(try carried(piece, "\(index)-\(number).scores"))
            }
        }
        for (whole, pieces) in zip(whole, pieces) {
            let joined = try ScoredPiece.joined(pieces)
            #expect(joined.divergence == whole && joined.perplexity == whole.build)
        }
    }

    @Test(arguments: [0, 1, 2, 5, 100], [1, 2, 3, 7, 64])
    func piecesCoverEveryWindowOnceAndAreNearlyEqual(_ windows: Int, _ count: Int) {
        let ranges = (0..<count).map { TextPiece(number: $0, count: count).windows(of: windows) }
        #expect(ranges.flatMap { Array($0) } == Array(0..<windows))
        let sizes = ranges.map(\.count)
        #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1)
    }

    private func refusal(_ pieces: [ScoredPiece]) -> String {
        do {
            _ = try ScoredPiece.joined(pieces)
            return "no error"
        } catch { return "\(error)" }
    }

    @Test func piecesThatMakeNoWholeAreRefused() throws {
        let run = PerplexityRun(base, options)
        let windows = try run.windows(of: text)
        let pieces = try (0..<3).map { try run.scores(of: TextPiece(number: $0, count: 3), in: windows) }
        #expect(refusal([]).contains("there are none"))
        #expect(refusal(Array(pieces[1...])).contains("chunk 1 is missing"))
        #expect(refusal(Array(pieces[..<2])).contains("chunk 6 is missing"))
        #expect(refusal(pieces + [pieces[1]]).contains("there twice"))
        let other = try KLDivergenceRun(builds, options).scores(
            of: TextPiece(number: 2, count: 3),
            in: windows,
            with: base
        )
        #expect(refusal(pieces[..<2] + [other[0]]).contains("in different ways"))
        let shorter = PerplexityRun(base, EvaluationOptions(context: 32, chunks: 7))
        let odd = try shorter.scores(of: TextPiece(number: 2, count: 3), in: try shorter.windows(of: text))
        #expect(refusal(pieces[..<2] + [odd]).contains("in different ways"))
    }

    /// A model whose output is no number is told of by the piece that meets it, with the chunk's number in the whole text.
    @Test func errorsOfATextAreThoseOfOneRun() throws {
        let run = PerplexityRun(base, EvaluationOptions(context: 512, chunks: 1))
        #expect(throws: EvaluationError.self) { try run.windows(of: Array("short".utf8)) }
        #expect(throws: EvaluationError.notUTF8(line: 1)) { try run.windows(of: [0xff, 0xfe]) }
    }

    @Test func aDamagedFileIsRefusedWhereverItIsCut() throws {
        let run = PerplexityRun(base, EvaluationOptions(context: 16, chunks: 2))
        let scores = try run.scores(of: .whole, in: try run.windows(of: text))
        let path = tiny.scratch("whole.scores")
        try scores.write(to: path)
        let bytes = try readFile(path, limit: 1 << 20)
        let cut = tiny.scratch("cut.scores")
        for count in 0..<bytes.count {
            try writeFile(bytes.prefix(count), to: cut)
            #expect(throws: EvaluationError.self, "\(count) bytes") { try ScoredPiece(reading: cut) }
        }
        try writeFile(bytes + [0], to: cut)
        #expect(throws: EvaluationError.self) { try ScoredPiece(reading: cut) }
        var random = SeededRandom.printed()
        for _ in 0..<300 {
            try writeFile(random.mutate(bytes), to: cut)
            // Numbers may have changed, which nothing but the cache's digest tells; nothing traps.
            do { _ = try ScoredPiece.joined([ScoredPiece(reading: cut)]) } catch is EvaluationError {}
        }
    }
}
