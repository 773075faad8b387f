import BinaryIO
import Evaluation
import GGUF
import Inference
import SystemPackage
import Tensors
import TestSupport
import Testing

@Suite struct FisherFileTests {
    let folder: ScratchFolder
    let factors: FisherFactors

    init() throws {
        folder = try ScratchFolder()
        let vocabulary = try TinyModels().metadata()
        let path = folder.path.appending("model.gguf")
        try SeededGolden("qwen2-moe", vocabulary: vocabulary).model.write(to: path)
        let text = Array(String(repeating: "The old house stood on a hill. ", count: 40).utf8)
        factors = try FisherRun(try LanguageModel(path: path), FisherOptions(context: 16, chunks: 2, seed: .max))
            .collect(text: text)
    }

    @Test func aFileHoldsTheFactors() throws {
        let path = folder.path.appending("factors.gguf")
        try factors.write(to: path)
        #expect(try FisherFactors(path: path) == factors)
        #expect(try GGUFFile(path: path).metadata["general.type"] == .string("fisher"))
        try factors.write(to: path, note: (key: "some.note", text: "kept"))
        #expect(try GGUFFile(path: path).metadata["some.note"] == .string("kept"))
        #expect(try FisherFactors(path: path) == factors)
    }

    /// A row of errors costs its share; rows add up.
    @Test func predictionsAddUpOverRows() throws {
        let tensor = try #require(factors.tensors.first { $0.matrixCount > 1 })
        let count = tensor.matrixCount * tensor.rows * tensor.columns
        let original = (0..<count).map { Float($0 % 7) }
        let restored = original.map { $0 + 0.5 }
        func cost(_ rows: Range<Int>) -> Double {
            let place = (rows.lowerBound * tensor.columns)..<(rows.upperBound * tensor.columns)
            return original[place].withUnsafeBufferPointer { original in
                restored[place].withUnsafeBufferPointer { restored in
                    factors.predictedDivergence(of: tensor, rows: rows, original: original, restored: restored)
                }
            }
        }
        let all = tensor.matrixCount * tensor.rows
        let whole = cost(0..<all)
        #expect(whole > 0)
        #expect(abs((cost(0..<5) + cost(5..<all)) / whole - 1) < 1e-9)
        var sum = 0.0
        for matrix in 0..<tensor.matrixCount {
            let columns = tensor.columnFactors[(matrix * tensor.columns)..<((matrix + 1) * tensor.columns)]
            let rows = tensor.rowFactors[(matrix * tensor.rows)..<((matrix + 1) * tensor.rows)]
            let squares = columns.reduce(0) { $0 + Double($1) } * rows.reduce(0) { $0 + Double($1) } * 0.25
            sum += squares / 2 * Double(tensor.counts[matrix]) / Double(factors.tokens)
        }
        #expect(abs(whole / sum - 1) < 1e-9)
    }

    /// Each change makes the file unfit.
    private static let damages: [(String, @Sendable (inout FisherFactors) -> Void)] = [
        ("a factor is not a number", { $0.tensors[1].rowFactors[2] = .nan }),
        ("a factor is infinite", { $0.tensors[1].columnFactors[0] = .infinity }),
        ("a factor is negative", { $0.tensors[0].rowFactors[0] = -1 }),
        ("more tokens than there were", { $0.tensors[0].counts[0] = $0.tokens + 1 }),
        ("counts of no tokens", { $0.tokens = 0 }),
        ("no context", { $0.context = 0 }),
        ("too many tokens", { $0.tokens = 1 << 50 }),
        ("no factors", { $0.tensors = [] }),
    ]

    @Test(arguments: damages.indices)
    func damagedFactorsAreRefused(_ index: Int) throws {
        var bad = factors
        Self.damages[index].1(&bad)
        let path = folder.path.appending("bad.gguf")
        try bad.write(to: path)
        #expect(throws: EvaluationError.self, "\(Self.damages[index].0)") { try FisherFactors(path: path) }
    }

    /// Files with some other content, or some of the tensors.
    @Test func otherFilesAreRefused() throws {
        #expect(throws: EvaluationError.self) { try FisherFactors(path: folder.path.appending("model.gguf")) }
        let path = folder.path.appending("other.gguf")
        let whole = folder.path.appending("whole.gguf")
        try factors.write(to: whole)
        let metadata = try GGUFFile(path: whole).metadata
        func write(_ tensors: [(String, TensorType, [Int])], _ change: (inout Metadata) -> Void = { _ in }) throws {
            var own = metadata
            change(&own)
            let table = tensors.map { GGUFTensor(name: $0.0, type: $0.1, shape: TensorShape($0.2)!)! }
            let writer = try GGUFFileWriter(path: path, layout: GGUFLayout(metadata: own, tensors: table))
            for (index, tensor) in table.enumerated() {
                try [UInt8](repeating: 0, count: tensor.byteCount).withUnsafeBytes {
                    try writer.write($0, tensor: index, at: 0)
                }
            }
            try writer.commit()
        }
        let good: [(String, TensorType, [Int])] = [
            ("a.weight.rows", .f32, [4, 2]), ("a.weight.columns", .f32, [6, 2]), ("a.weight.counts", .i64, [2]),
        ]
        try write(good)
        #expect(try FisherFactors(path: path).tensors.map(\.rows) == [4])
        let bad: [[(String, TensorType, [Int])]] = [
            Array(good.dropLast()), [good[0], good[2]], [good[0], ("a.weight.columns", .f16, [6, 2]), good[2]],
            [good[0], good[1], ("a.weight.counts", .f32, [2])], [good[0], good[1], ("a.weight.counts", .i64, [3])],
            [("a.weight.rows", .f32, [3]), good[1], good[2]],
        ]
        for tensors in bad {
            try write(tensors)
            #expect(throws: EvaluationError.self) { try FisherFactors(path: path) }
        }
        for key in ["seed", "kernels"] {
            try write(good) { $0.set("edgepipe.fisher.\(key)", .uint32(1)) }
            #expect(throws: EvaluationError.self) { try FisherFactors(path: path) }
        }
        try write(good) { $0.set("edgepipe.fisher.tokens", .string("many")) }
        #expect(throws: (any Error).self) { try FisherFactors(path: path) }
    }

    /// No cut of a file is taken for one.
    @Test func aCutFileIsRefused() throws {
        let path = folder.path.appending("factors.gguf")
        try factors.write(to: path)
        let bytes = try readFile(path, limit: 1 << 24)
        for share in [0.1, 0.5, 0.99] {
            try folder.write(Array(bytes.prefix(Int(share * Double(bytes.count)))), to: "cut.gguf")
            #expect(throws: (any Error).self) { try FisherFactors(path: folder.path.appending("cut.gguf")) }
        }
    }
}
