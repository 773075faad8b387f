import BinaryIO
import Conversion
import GGUF
import Tensors
import TestSupport
import Testing

/// Matrices whose numbers a checkpoint packs into words: one of 128 rows of 256, of four bits, in groups of 64 columns.
@Suite struct PackedMatricesTests {
    private static let (rows, columns, groupSize) = (128, 256, 64)
    private static let base = "model.layers.0.self_attn.v_proj."
    private let numbers: [[Int]]
    private let zeros: [[Int]]
    private let scales: [[Float]]

    init() {
        var random = SeededRandom.printed()
        func table<Value>(_ columns: Int, _ value: (inout SeededRandom) -> Value) -> [[Value]] {
            (0..<Self.rows).map { _ in (0..<columns).map { _ in value(&random) } }
        }
        numbers = table(Self.columns) { Int.random(in: 0...15, using: &$0) }
        zeros = table(Self.columns / Self.groupSize) { Int.random(in: 1...15, using: &$0) }
        scales = table(Self.columns / Self.groupSize) {
            HalfFloat.decode(HalfFloat.encode(.random(in: 0.01...0.2, using: &$0)))
        }
    }

    /// `scale * (number - zero)`, row by row.
    private func weights(_ zero: (Int) -> Int) -> [Float] {
        (0..<Self.rows).flatMap { row in
            (0..<Self.columns).map { column in
                let group = column / Self.groupSize
                return scales[row][group] * Float(numbers[row][column] - zero(zeros[row][group]))
            }
        }
    }

    /// Eight numbers of four bits, the first lowest.
    private static func word(_ numbers: [Int]) -> UInt32 {
        numbers.enumerated().reduce(0) { $0 | UInt32($1.element) << UInt32(4 * $1.offset) }
    }

    private static func part(_ name: String, _ dtype: String, _ shape: [Int], _ fill: (inout LittleEndianBytes) -> Void)
        -> SmallCheckpoint.Tensor
    {
        var bytes = LittleEndianBytes()
        fill(&bytes)
        return .init(name: base + name, dtype: dtype, shape: shape, bytes: bytes.bytes)
    }

    private static func checkpoint(_ settings: String, _ parts: [SmallCheckpoint.Tensor]) -> SmallCheckpoint {
        var checkpoint = SmallCheckpoint.llama()
        checkpoint.tensors.removeAll { $0.name == base + "weight" }
        checkpoint.tensors += parts
        checkpoint.config["quantization_config"] = settings
        return checkpoint
    }

    /// - Parameter order: the places of eight neighbouring rows in a word.
    private func byColumns(_ order: [Int], wordsOfRows: Bool) -> [SmallCheckpoint.Tensor] {
        let groups = Self.columns / Self.groupSize
        let words: SmallCheckpoint.Tensor
        if wordsOfRows {
            words = Self.part("qweight", "I32", [Self.columns, Self.rows / 8]) { bytes in
                for column in 0..<Self.columns {
                    for row in stride(from: 0, to: Self.rows, by: 8) {
                        bytes.append(Self.word(order.map { numbers[row + $0][column] }))
                    }
                }
            }
        } else {
            words = Self.part("qweight", "I32", [Self.columns / 8, Self.rows]) { bytes in
                for column in stride(from: 0, to: Self.columns, by: 8) {
                    for row in 0..<Self.rows { bytes.append(Self.word(Array(numbers[row][column..<(column + 8)]))) }
                }
            }
        }
        return [
            words,
            Self.part("qzeros", "I32", [groups, Self.rows / 8]) { bytes in
                for group in 0..<groups {
                    for row in stride(from: 0, to: Self.rows, by: 8) {
                        bytes.append(Self.word(order.map { zeros[row + $0][group] }))
                    }
                }
            },
            Self.part("scales", "F16", [groups, Self.rows]) { bytes in
                for group in 0..<groups {
                    for row in 0..<Self.rows { bytes.append(HalfFloat.encode(scales[row][group])) }
                }
            },
        ]
    }

    private func found(_ checkpoint: SmallCheckpoint) throws -> [Float] {
        try Conversions().convert(checkpoint, .f32).floats("blk.0.attn_v.weight")
    }

    @Test(arguments: [("gptq", 1), ("gptq_v2", 0)])
    func gptqIsUnpacked(_ format: String, _ shift: Int) throws {
        let settings = #"{"quant_method":"gptq","bits":4,"group_size":64,"checkpoint_format":"\#(format)"}"#
        let checkpoint = Self.checkpoint(settings, byColumns(Array(0..<8), wordsOfRows: false))
        #expect(try found(checkpoint) == weights { $0 + shift })
    }

    @Test func columnsMayBelongToGroupsInAnyOrder() throws {
        let groups = (0..<Self.columns).map { $0 % (Self.columns / Self.groupSize) }
        var parts = byColumns(Array(0..<8), wordsOfRows: false)
        parts.append(Self.part("g_idx", "I32", [Self.columns]) { for group in groups { $0.append(UInt32(group)) } })
        let settings = #"{"quant_method":"gptq","bits":4,"group_size":64,"desc_act":true}"#
        let expected = (0..<Self.rows).flatMap { row in
            (0..<Self.columns).map { column in
                scales[row][groups[column]] * Float(numbers[row][column] - zeros[row][groups[column]] - 1)
            }
        }
        #expect(try found(Self.checkpoint(settings, parts)) == expected)
    }

    /// AutoAWQ puts rows 0, 2, 4, 6, 1, 3, 5, 7 of eight into a word, in that order.
    @Test func awqIsUnpacked() throws {
        let settings = #"{"quant_method":"awq","bits":4,"group_size":64,"version":"GEMM","zero_point":true}"#
        let checkpoint = Self.checkpoint(settings, byColumns([0, 2, 4, 6, 1, 3, 5, 7], wordsOfRows: true))
        #expect(try found(checkpoint) == weights { $0 })
    }

    private static let compressed =
        #"{"quant_method":"compressed-tensors","format":"pack-quantized","config_groups":{"group_0":{"weights":"#
        + #"{"num_bits":4,"type":"int","strategy":"group","group_size":64}}}}"#

    private func byRows(shape: [UInt64] = [128, 256], hasZeros: Bool) -> [SmallCheckpoint.Tensor] {
        let groups = Self.columns / Self.groupSize
        var parts = [
            Self.part("weight_packed", "I32", [Self.rows, Self.columns / 8]) { bytes in
                for row in numbers {
                    for column in stride(from: 0, to: Self.columns, by: 8) {
                        bytes.append(Self.word(Array(row[column..<(column + 8)])))
                    }
                }
            },
            Self.part("weight_scale", "F16", [Self.rows, groups]) { bytes in
                for scale in scales.joined() { bytes.append(HalfFloat.encode(scale)) }
            },
            Self.part("weight_shape", "I64", [2]) { for size in shape { $0.append(size) } },
        ]
        if hasZeros {
            parts.append(
                Self.part("weight_zero_point", "I32", [Self.rows / 8, groups]) { bytes in
                    for row in stride(from: 0, to: Self.rows, by: 8) {
                        for group in 0..<groups { bytes.append(Self.word((0..<8).map { zeros[row + $0][group] })) }
                    }
                }
            )
        }
        return parts
    }

    @Test(arguments: [true, false])
    func compressedTensorsAreUnpacked(_ hasZeros: Bool) throws {
        let checkpoint = Self.checkpoint(Self.compressed, byRows(hasZeros: hasZeros))
        #expect(try found(checkpoint) == weights { hasZeros ? $0 : 8 })
    }

    /// Shapes that lie: other rows, other columns, and numbers that no product may be made of.
    @Test(
        arguments: [[64, 256], [128, 248], [128, 264], [UInt64.max, 256], [128, UInt64(Int64.max)], [0, 0]]
            as [[UInt64]]
    )
    func shapesThatLieAreRefused(_ shape: [UInt64]) throws {
        let checkpoint = Self.checkpoint(Self.compressed, byRows(shape: shape, hasZeros: false))
        guard case .wrongShape? = try Conversions().problem(checkpoint) else {
            Issue.record("\(shape)")
            return
        }
    }

    @Test(arguments: ["qzeros", "scales"])
    func missingPartsAreNamed(_ part: String) throws {
        let settings = #"{"quant_method":"gptq","bits":4,"group_size":64}"#
        let parts = byColumns(Array(0..<8), wordsOfRows: false).filter { $0.name != Self.base + part }
        #expect(try Conversions().problem(Self.checkpoint(settings, parts)) == .missingPart(Self.base + part))
    }

    @Test(arguments: [("qzeros", [4, 8]), ("scales", [4, 64]), ("g_idx", [255])])
    func partsThatDoNotBelongTogetherAreRefused(_ part: String, _ shape: [Int]) throws {
        let settings = #"{"quant_method":"gptq","bits":4,"group_size":64}"#
        var checkpoint = Self.checkpoint(settings, byColumns(Array(0..<8), wordsOfRows: false))
        checkpoint.tensors.removeAll { $0.name == Self.base + part }
        let type = part == "scales" ? "F16" : "I32"
        checkpoint.tensors.append(
            Self.part(part, type, shape) { bytes in
                for _ in 0..<shape.reduce(1, *) { type == "F16" ? bytes.append(UInt16(0)) : bytes.append(UInt32(0)) }
            }
        )
        guard case .wrongShape(Self.base + part, _, _)? = try Conversions().problem(checkpoint) else {
            Issue.record("\(part) \(shape)")
            return
        }
    }

    @Test(arguments: [
        #"{"quant_method":"gptq","bits":3,"group_size":64}"#, #"{"quant_method":"gptq","group_size":64}"#,
        #"{"quant_method":"gptq","bits":4,"group_size":0}"#, #"{"quant_method":"awq","bits":8,"group_size":64}"#,
        #"{"quant_method":"awq","bits":4,"group_size":64,"version":"gemv"}"#,
    ])
    func settingsThatNobodyReadsAreRefused(_ settings: String) throws {
        let checkpoint = Self.checkpoint(settings, byColumns(Array(0..<8), wordsOfRows: false))
        switch try Conversions().problem(checkpoint) {
        case .invalidValue, .unsupportedQuantization: break
        case let problem: Issue.record("\(problem as Any)")
        }
    }
}
