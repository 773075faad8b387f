import Architectures
import BinaryIO
import BlockFormats
import Conversion
import Evaluation
import GGUF
import Inference
import Quantization
import SystemPackage
import Tensors
import TestSupport
import Testing

@Suite struct FisherRunTests {
    let folder: ScratchFolder
    let vocabulary: Metadata
    let text: [UInt8]

    init() throws {
        folder = try ScratchFolder()
        vocabulary = try TinyModels().metadata()
        text = try readFile(Goldens.packageRoot.appending("texts/sample.txt"), limit: 1 << 24)
    }

    private func open(_ name: String, _ change: (inout SyntheticModel) -> Void = { _ in }) throws -> LanguageModel {
        var model = try SeededGolden(name, vocabulary: vocabulary).model
        change(&model)
        let path = folder.path.appending("\(name).gguf")
        try model.write(to: path)
        return try LanguageModel(path: path)
    }

    private func factors(_ model: LanguageModel, _ options: FisherOptions) throws -> FisherFactors {
        try FisherRun(model, options).collect(text: text)
    }

    @Test func everyMatrixHasItsFactors() throws {
        let model = try open("qwen2-moe")
        let found = try factors(model, FisherOptions(context: 32, chunks: 2, threads: 2))
        #expect(found.tokens == 64 && found.chunks == 2 && found.context == 32 && found.seed == 0)
        #expect(found.kernels == (try Kernels.selected().rawValue))
        let names = model.weightTensors.map(\.name)
        #expect(found.tensors.map(\.name) == names.filter { name in found.tensors.contains { $0.name == name } })
        #expect(Set(names).subtracting(found.tensors.map(\.name)) == ["token_embd.weight"])
        for tensor in found.tensors {
            #expect(tensor.rowFactors.count == tensor.matrixCount * tensor.rows)
            #expect(tensor.columnFactors.count == tensor.matrixCount * tensor.columns)
            #expect(tensor.matrixCount > 1 ? tensor.counts.max()! < 64 : tensor.counts == [64], "\(tensor.name)")
            #expect(tensor.rowFactors.contains { $0 > 0 } && tensor.columnFactors.contains { $0 > 0 })
        }
        let used = try #require(model.shape.experts?.usedCount)
        let layers = found.tensors.filter { $0.name.hasSuffix("ffn_down_exps.weight") }
        #expect(!layers.isEmpty && layers.allSatisfy { $0.counts.reduce(0, +) == 64 * used })
    }

    @Test(arguments: ["llama3-short", "gemma3-window", "qwen2-moe"])
    func theSameForAnyCountOfThreads(name: String) throws {
        let model = try open(name)
        let one = try factors(model, FisherOptions(context: 40, chunks: 2, threads: 1))
        #expect(try factors(model, FisherOptions(context: 40, chunks: 2, threads: 3)) == one)
        #expect(try factors(model, FisherOptions(context: 40, chunks: 2, threads: 3, seed: 1)) != one)
    }

    @Test func kernelsDifferByRoundingsAlone() throws {
        let model = try open("llama3-short")
        let known = try factors(model, FisherOptions(context: 32, chunks: 1, threads: 2))
        for kernels in Kernels.available {
            let found = try factors(model, FisherOptions(context: 32, chunks: 1, threads: 2, kernels: kernels))
            #expect(found.kernels == kernels.rawValue)
            for (tensor, other) in zip(found.tensors, known.tensors) {
                for (one, two) in [
                    (tensor.rowFactors, other.rowFactors), (tensor.columnFactors, other.columnFactors),
                ] {
                    let largest = two.max() ?? 0
                    #expect(zip(one, two).allSatisfy { abs($0 - $1) <= 1e-3 * largest }, "\(kernels) \(tensor.name)")
                }
            }
        }
    }

    /// A run that goes on from a file gives, to the last bit, what one run gives.
    @Test func aCutRunGoesOn() throws {
        struct Stop: Error {}
        let model = try open("gemma4-moe")
        let run = FisherRun(model, FisherOptions(context: 32, chunks: 4, threads: 2, seed: 7))
        let whole = try run.collect(text: text)
        let path = folder.path.appending("part.gguf")
        var seen: [Int] = []
        #expect(throws: Stop.self) {
            try run.collect(text: text) { state, factors in
                seen.append(state.chunk)
                guard state.chunk == 2 else { return }
                try factors().write(to: path)
                throw Stop()
            }
        }
        let part = try FisherFactors(path: path)
        #expect(part.chunks == 2 && part.tokens == 64)
        let rest = try run.collect(text: text, continuing: part) { state, _ in seen.append(state.chunk) }
        #expect(rest == whole && seen == [1, 2, 3, 4])
        #expect(try run.collect(text: text, continuing: whole) { _, _ in seen.append(0) } == whole)
        #expect(seen.count == 4)
    }

    @Test func whatBelongsToAnotherRunOrModelIsRefused() throws {
        let model = try open("llama3-short")
        let known = try factors(model, FisherOptions(context: 32, chunks: 1))
        for options in [FisherOptions(context: 40), FisherOptions(context: 32, seed: 1)] {
            #expect(throws: EvaluationError.factorsOfAnotherRun) {
                try FisherRun(model, options).collect(text: text, continuing: known)
            }
        }
        var other = known
        other.tensors[0].name = "blk.9.attn_q.weight"
        var turned = known
        let place = try #require(turned.tensors.firstIndex { $0.rows != $0.columns })
        (turned.tensors[place].rows, turned.tensors[place].columns) = (
            turned.tensors[place].columns, turned.tensors[place].rows
        )
        for bad in [other, turned] {
            #expect(throws: EvaluationError.self) {
                try FisherRun(model, FisherOptions(context: 32)).collect(text: text, continuing: bad)
            }
        }
    }

    @Test func shortTextsAndBrokenModelsAreRefused() throws {
        let model = try open("llama3-short")
        #expect(throws: EvaluationError.self) { try FisherRun(model).collect(text: Array("too short".utf8)) }
        #expect(throws: EvaluationError.noChunks(0)) {
            try FisherRun(model, FisherOptions(context: 32, chunks: 0)).collect(text: text)
        }
        let broken = try open("llama3-short") { model in
            let place = model.tensors.firstIndex { $0.name.hasSuffix("ffn_down.weight") }!
            model.tensors[place].values[3] = .nan
        }
        #expect(throws: EvaluationError.notANumber(chunk: 1, position: 0)) {
            try FisherRun(broken, FisherOptions(context: 32, chunks: 1)).collect(text: text)
        }
    }

    /// The prediction is of the size of what is measured, for small errors of one tensor.
    @Test func thePredictionIsAboutTheDivergence() throws {
        let tiny = try TinyModels()
        let base = try LanguageModel(path: try tiny.converted(.f16))
        let build = try GGUFFile(path: try tiny.quantized(.q4_K_M, from: try GGUFFile(path: base.path)))
        let options = EvaluationOptions(context: 128, chunks: 4, threads: 2)
        let measured = try SensitivityRun(base, build: build, options) { $0.contains("blk.") }.measure(text: text)
        let found = try factors(base, FisherOptions(context: 128, chunks: 4, threads: 2))
        let file = try GGUFFile(path: base.path)
        var (predicted, known) = (0.0, 0.0)
        for tensor in measured.tensors {
            func rows(_ file: GGUFFile) throws -> [Float] {
                let own = try #require(file.tensor(named: tensor.name))
                var values = [Float](repeating: 0, count: own.shape.elementCount)
                values.withUnsafeMutableBufferPointer { BlockCodec.decode(own.type, file.bytes(of: own), into: $0) }
                return values
            }
            let own = try #require(found[tensor.name])
            let (original, restored) = (try rows(file), try rows(build))
            original.withUnsafeBufferPointer { original in
                restored.withUnsafeBufferPointer { restored in
                    predicted += found.predictedDivergence(
                        of: own,
                        rows: 0..<own.rows,
                        original: original,
                        restored: restored
                    )
                }
            }
            known += tensor.kld
        }
        #expect((0.6...1.7).contains(predicted / known), "\(predicted) for \(known)")
    }
}
