import GGUF
import Quantization
import SystemPackage
import Tensors
import TestSupport
import Testing

@Suite struct QuantizationLossTests {
    private let name = "blk.0.ffn_up.weight"

    private func losses(
        _ model: SmallModel,
        as type: FileType,
        threads: Int = 2,
        importance: [Float]? = nil
    ) throws -> [QuantizationLoss?] {
        var options = QuantizationOptions()
        options.pure = true
        options.importanceMatrix = importance.map {
            ImportanceMatrix(path: "m", entries: [name: $0], dataset: nil, chunkCount: 1)
        }
        let source = try model.open()
        let plan = try QuantizationPlan(source, as: type, options: options)
        return try Quantizer(source: source, outputs: [.init(plan: plan, path: model.output)])
            .run(threads: threads, measuresLoss: true)[0].map(\.loss)
    }

    @Test func theErrorIsThatOfTheFile() throws {
        var random = SeededRandom.printed()
        let values = (0..<(256 * 5)).map { _ in Float.random(in: -2...2, using: &random) }
        let importance = (0..<256).map { _ in Float.random(in: 0...4, using: &random) }
        let model = try SmallModel([(name, .f32, [256, 5], values)])
        for type in [FileType.q8_0, .q4_K_M, .f16, .bf16] {
            let loss = try #require(try losses(model, as: type, importance: importance)[0])
            let made = try restored(model.output)
            func ratio(_ weight: (Int) -> Double) -> Double {
                var (errors, squares) = (0.0, 0.0)
                for index in values.indices {
                    let difference = Double(values[index] - made[index])
                    errors += difference * difference * weight(index)
                    squares += Double(values[index] * values[index]) * weight(index)
                }
                return errors / squares
            }
            let expected = ratio { _ in 1 }.squareRoot()
            #expect(abs(loss.relativeError - expected) <= expected * 1e-5, "\(type)")
            let weighted = ratio { Double(importance[$0 % 256]) }
            #expect(abs(try #require(loss.weightedError) - weighted) <= weighted * 1e-5, "\(type)")
        }
    }

    /// The file's weights, brought back to single precision by the quantizer itself.
    private func restored(_ path: FilePath) throws -> [Float] {
        let source = try GGUFModel(path: path)
        var options = QuantizationOptions()
        options.allowRequantize = true
        let plan = try QuantizationPlan(source, as: .f32, options: options)
        let output = path.removingLastComponent().appending("restored.gguf")
        try Quantizer(source: source, outputs: [.init(plan: plan, path: output)]).run(threads: 1)
        let file = try GGUFFile(path: output)
        return withExtendedLifetime(file) {
            file.bytes(of: file.tensors[0]).assumingMemoryBound(to: Float.self).map { $0 }
        }
    }

    @Test func theLossDoesNotDependOnTheThreads() throws {
        var random = SeededRandom.printed()
        let values = (0..<(1024 * 300)).map { _ in Float.random(in: -1...1, using: &random) }
        let model = try SmallModel([(name, .f32, [1024, 300], values)])
        let one = try losses(model, as: .q4_0, threads: 1)
        for threads in [2, 5] { #expect(try losses(model, as: .q4_0, threads: threads) == one) }
    }

    @Test func copiesAreNotMeasuredAndZerosLoseNothing() throws {
        let model = try SmallModel([(name, .f16, [256, 2], [0]), ("output_norm.weight", .f32, [256], [1])])
        let found = try losses(model, as: .q4_0)
        #expect(found.count == 2 && found[0] == nil)
        #expect(found[1]?.relativeError == 0 && found[1]?.weightedError == nil)
        #expect(try losses(model, as: .f32)[1]?.relativeError == 0)
    }
}
