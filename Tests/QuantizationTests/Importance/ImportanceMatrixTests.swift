import BinaryIO
import Conversion
import GGUF
import Quantization
import SystemPackage
import TestSupport
import Testing

@Suite struct ImportanceMatrixTests {
    private let folder: ScratchFolder
    private let models: TinyModels
    private let older = Goldens.tinyPhi3.appending("imatrix.dat")
    private let newer = Goldens.tinyPhi3.appending("imatrix.gguf")

    init() throws {
        folder = try ScratchFolder()
        models = try TinyModels()
    }

    private func problem(_ path: FilePath) -> QuantizationProblem? {
        do {
            _ = try ImportanceMatrix(path: path)
            return nil
        } catch {
            return (error as? QuantizationError)?.problem
        }
    }

    @Test func bothFormsHoldTheSameRun() throws {
        let (old, new) = (try ImportanceMatrix(path: older), try ImportanceMatrix(path: newer))
        #expect(old.entries.keys.sorted() == new.entries.keys.sorted())
        #expect(old.chunkCount == 24 && new.chunkCount == 24)
        #expect(old.dataset == new.dataset)
        for (name, values) in new.entries {
            let others = try #require(old.entries[name])
            #expect(values.count == others.count)
            // The older form was multiplied by the number of calls and is divided again.
            #expect(zip(values, others).allSatisfy { abs($0 - $1) <= abs($0) * 1e-6 }, "\(name)")
        }
    }

    @Test func everyPrefixOfTheOlderFormIsAnError() throws {
        let bytes = try readFile(older, limit: 1 << 20)
        // The text's path and the count of chunks at the very end may be missing.
        let required = bytes.count - 4 - 4 - "text/calibration.txt".utf8.count
        for length in stride(from: 0, to: required, by: 997) {
            let path = try folder.write(bytes.prefix(length), to: "cut.dat")
            guard case .badImportanceMatrix = problem(path) else {
                Issue.record("\(length) bytes were accepted")
                return
            }
        }
    }

    @Test func negativeLengthsAndNumbersThatAreNoneAreErrors() throws {
        let negative = try folder.write([1, 0, 0, 0, 255, 255, 255, 255], to: "negative.dat")
        #expect(problem(negative) == .badImportanceMatrix("at byte 4 a length is negative"))
        let none = try folder.write([0, 0, 0, 0], to: "none.dat")
        #expect(problem(none) == .badImportanceMatrix("it has no entries"))
        // One entry "a", one call, one value: NaN.
        let notANumber: [UInt8] = [1, 0, 0, 0, 1, 0, 0, 0, 97, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 192, 127]
        let path = try folder.write(notANumber, to: "nan.dat")
        #expect(problem(path) == .badImportanceMatrix("the entry 'a' holds an infinite number or NaN"))
    }

    @Test func aModelIsNoMatrix() throws {
        #expect(problem(try models.converted(.f16)) == .badImportanceMatrix("it is a model or a part of one"))
    }

    @Test func aMatrixOfAnotherModelIsRefusedByTensor() throws {
        let source = try GGUFModel(path: try models.converted(.f16))
        var options = QuantizationOptions()
        options.importanceMatrix = ImportanceMatrix(
            path: "other",
            entries: ["blk.0.attn_qkv.weight": [1, 2, 3]],
            dataset: nil,
            chunkCount: 1
        )
        do {
            _ = try QuantizationPlan(source, as: .q4_K_M, options: options)
            Issue.record("a matrix of another model was accepted")
        } catch let error as QuantizationError {
            #expect(
                error.problem == .importanceMatrixMismatch(tensor: "blk.0.attn_qkv.weight", found: 3, expected: 256)
            )
        }
    }

    @Test func aMatrixThatNamesNoTensorOfTheModelIsRefused() throws {
        let source = try GGUFModel(path: try models.converted(.f16))
        var options = QuantizationOptions()
        options.importanceMatrix = ImportanceMatrix(
            path: "other",
            entries: ["model.layers.0.mlp.weight": [1, 2, 3]],
            dataset: nil,
            chunkCount: 1
        )
        let error = #expect(throws: QuantizationError.self) {
            _ = try QuantizationPlan(source, as: .q4_K_M, options: options)
        }
        #expect(error?.problem == .importanceMatrixOfAnotherModel("other"))
    }

    @Test func entriesCanBeLeftOut() throws {
        let matrix = try ImportanceMatrix(path: newer)
        let some = try #require(matrix.filtered { $0.contains("ffn_down") })
        #expect(!some.entries.isEmpty && some.entries.keys.allSatisfy { $0.contains("ffn_down") })
        #expect(some.path == matrix.path && some.chunkCount == matrix.chunkCount)
        #expect(matrix.filtered { _ in false } == nil)
    }

    @Test func aTensorWithoutAnEntryIsRefusedWhereItNeedsOne() throws {
        let source = try GGUFModel(path: try models.converted(.f16))
        var options = QuantizationOptions()
        options.importanceMatrix = try ImportanceMatrix(path: newer).filtered { !$0.contains("blk.1.ffn_up") }
        let plan = try QuantizationPlan(source, as: .iq2_XXS, options: options)
        #expect(plan.obstacle?.problem == .importanceMatrixNeeded(tensor: "blk.1.ffn_up.weight", type: "IQ2_XXS"))
        #expect(plan.unweighted.map(\.target.name) == ["blk.1.ffn_up.weight"])
        options.importanceMatrix = try ImportanceMatrix(path: newer)
        #expect(try QuantizationPlan(source, as: .iq2_XXS, options: options).obstacle == nil)
    }

    @Test func theSmallestTypeIsRefusedWithoutAMatrix() throws {
        let source = try GGUFModel(path: try models.converted(.f16))
        let plan = try QuantizationPlan(source, as: .q2_K_S)
        let needed = QuantizationProblem.importanceMatrixNeeded(tensor: "blk.0.attn_output.weight", type: "Q2_K")
        #expect(plan.obstacle?.problem == needed)
        let error = #expect(throws: QuantizationError.self) {
            _ = try Quantizer(source: source, outputs: [.init(plan: plan, path: folder.path.appending("out.gguf"))])
        }
        #expect(error?.problem == needed)
    }
}
