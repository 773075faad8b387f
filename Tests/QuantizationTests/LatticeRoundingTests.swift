import BinaryIO
import GGUF
import Quantization
import SystemPackage
import Tensors
import TestSupport
import Testing

@Suite struct LatticeRoundingTests {
    private static let columns = 256
    private static let rows = 96

    /// A tensor on a grid of four bits, of single precision, and one that is on none.
    private func model(hasGrid: Bool) throws -> SmallModel {
        var random = SeededRandom.printed()
        let onGrid = (0..<(Self.columns * Self.rows / 32)).flatMap { _ in
            let step = Float.random(in: 0.001...0.1, using: &random)
            return (0..<32).map { _ in Float(Int.random(in: -7...7, using: &random)) * step }
        }
        let offGrid = (0..<(Self.columns * Self.rows)).map { _ in Float.random(in: -1...1, using: &random) }
        let shape = [Self.columns, Self.rows]
        return try SmallModel([
            ("blk.0.ffn_down.weight", .f32, shape, offGrid),
            ("blk.0.ffn_up.weight", .f32, shape, hasGrid ? onGrid : offGrid),
        ])
    }

    private func quantize(_ model: SmallModel, _ rounding: Rounding, threads: Int = 2) throws -> [TensorOutcome] {
        var options = QuantizationOptions()
        (options.pure, options.rounding) = (true, rounding)
        let source = try model.open()
        let plan = try QuantizationPlan(source, as: .q4_0, options: options)
        return try Quantizer(source: source, outputs: [.init(plan: plan, path: model.output)])
            .run(threads: threads, measuresLoss: true)[0]
    }

    @Test(arguments: [Rounding.lattice, .auto])
    func theGridIsKeptAndOtherTensorsAreTheReferences(_ rounding: Rounding) throws {
        let model = try model(hasGrid: true)
        let reference = try quantize(model, .reference)
        let outcomes = try quantize(model, rounding)
        #expect(outcomes.map(\.keepsGrid) == [false, true])
        #expect(reference.map(\.keepsGrid) == [nil, nil])
        #expect(outcomes[0].loss == reference[0].loss)
        #expect(try #require(outcomes[1].loss).relativeError < 0.001)
        #expect(try #require(reference[1].loss).relativeError > 0.05)
    }

    @Test func aModelWithoutGridsIsRefusedUnlessAutoIsAsked() throws {
        let model = try model(hasGrid: false)
        let error = #expect(throws: QuantizationError.self) { try quantize(model, .lattice) }
        #expect(error?.problem == .noLattice)
        #expect(FileStatus(model.output) == nil)
        _ = try quantize(model, .reference)
        let digest = try SHA256Digest(ofFile: model.output)
        #expect(try quantize(model, .auto).map(\.keepsGrid) == [false, false])
        #expect(try SHA256Digest(ofFile: model.output) == digest)
    }

    @Test func theBytesDoNotDependOnTheThreads() throws {
        let model = try model(hasGrid: true)
        let digests = try [1, 2, 7].map { threads in
            _ = try quantize(model, .lattice, threads: threads)
            return try SHA256Digest(ofFile: model.output)
        }
        #expect(Set(digests).count == 1)
    }
}
