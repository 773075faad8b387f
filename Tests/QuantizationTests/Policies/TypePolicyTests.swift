import BinaryIO
import Conversion
import GGUF
import Quantization
import SystemPackage
import Tensors
import TestSupport
import Testing

@Suite struct TypePolicyTests {
    private func problem(
        _ model: SmallModel,
        _ types: [String: TensorType],
        named name: String = "phone"
    ) throws -> QuantizationProblem? {
        let policy = TypePolicy.recipe(name, TypeAssignment(types), base: .q4_K_M)
        let error = #expect(throws: QuantizationError.self) {
            _ = try QuantizationPlan(model.open(), policy: policy)
        }
        #expect(error?.path == model.path)
        return error?.problem
    }

    private static func model() throws -> SmallModel {
        try SmallModel([
            ("output.weight", .f16, [256, 4], [1, 2]), ("output_norm.weight", .f32, [256], [1]),
            ("blk.0.ffn_up.weight", .f16, [256, 4], [1, 2]), ("blk.0.attn_q.weight", .f16, [32, 4], [1, 2]),
        ])
    }

    @Test func aRecipeNamesTheBuildAndItsBaseTheFile() throws {
        let policy = TypePolicy.recipe("phone", TypeAssignment(["blk.0.ffn_up.weight": .q8_0]), base: .q4_K_M)
        let plan = try QuantizationPlan(Self.model().open(), policy: policy)
        #expect(plan.buildType == .recipe("phone") && plan.fileType == .q4_K_M)
        let types = Dictionary(uniqueKeysWithValues: plan.tensors.map { ($0.target.name, $0.target.type) })
        #expect(
            types == [
                "output.weight": .q6_K, "output_norm.weight": .f32, "blk.0.ffn_up.weight": .q8_0,
                "blk.0.attn_q.weight": .q5_0,
            ]
        )
        let mix = try QuantizationPlan(Self.model().open(), as: .q4_K_M)
        #expect(mix.buildType == .mix(.q4_K_M))
        #expect(mix.assignment["output_norm.weight"] == nil && mix.assignment["blk.0.attn_q.weight"] == .q5_0)
    }

    @Test func theAssignmentWinsOverEveryOptionButCopying() throws {
        var options = QuantizationOptions()
        options.pure = true
        options.leaveOutputTensor = true
        options.outputTensorType = .q8_0
        options.tensorTypes = [TensorTypeRule(pattern: ".", type: .q8_0)]
        let policy = TypePolicy.recipe("phone", TypeAssignment(["output.weight": .q5_K]), base: .f16)
        func output() throws -> TensorType? {
            let plan = try QuantizationPlan(Self.model().open(), policy: policy, options: options)
            return plan.tensors.first { $0.target.name == "output.weight" }?.target.type
        }
        #expect(try output() == .q5_K)
        options.copiesOnly = true
        #expect(try output() == .f16)
    }

    @Test func aTensorThatTheModelLacksIsRefused() throws {
        #expect(
            try problem(Self.model(), ["blk.0.ffn_upp.weight": .q8_0])
                == .assignedTensorMissing("blk.0.ffn_upp.weight", nearest: "blk.0.ffn_up.weight")
        )
        #expect(
            try problem(Self.model(), ["elsewhere": .q8_0]) == .assignedTensorMissing("elsewhere", nearest: nil)
        )
    }

    @Test func aVectorKeepsItsType() throws {
        #expect(
            try problem(Self.model(), ["output_norm.weight": .q8_0])
                == .fixedTensor("output_norm.weight", type: "F32", assigned: "Q8_0")
        )
        let policy = TypePolicy.recipe("phone", TypeAssignment(["output_norm.weight": .f32]), base: .q8_0)
        #expect(throws: Never.self) { _ = try QuantizationPlan(Self.model().open(), policy: policy) }
    }

    @Test func blocksThatDoNotDivideTheRowsHaveNoSecondChoice() throws {
        #expect(
            try problem(Self.model(), ["blk.0.attn_q.weight": .q4_K])
                == .unsuitableShape(tensor: "blk.0.attn_q.weight", type: "Q4_K", rowLength: 32)
        )
    }

    @Test func aTypeThatCannotBeEncodedIsRefused() throws {
        #expect(
            try problem(Self.model(), ["output.weight": .nvfp4])
                == .unwritableType(tensor: "output.weight", type: "NVFP4")
        )
    }

    @Test(arguments: ["q4_k_m", "Q4_K", "12", "Phone", "a/b", ""])
    func aRecipeHasANameOfItsOwn(_ name: String) throws {
        #expect(try problem(Self.model(), [:], named: name) == .badRecipeName(name))
    }
}

/// What a mix chose, said as an assignment.
@Suite struct TypeReplayTests {
    private let folder: ScratchFolder
    private let models: TinyModels
    private let source: GGUFModel

    init() throws {
        folder = try ScratchFolder()
        models = try TinyModels()
        source = try GGUFModel(path: models.converted(.f16))
    }

    /// Over a base that would choose otherwise for every tensor the file only differs in the number of its file type;
    /// over the mix itself it is the golden.
    @Test(arguments: [FileType.q4_K_M, .q2_K, .iq4_XS, .mxfp4_MOE])
    func anAssignmentOfWhatTheMixChoseMakesTheSameFile(_ type: FileType) throws {
        let mix = try QuantizationPlan(source, as: type)
        let file = folder.path.appending("types.txt")
        try mix.assignment.write(to: file)
        let assignment = try TypeAssignment(path: file)
        #expect(assignment == mix.assignment)
        let replay = try QuantizationPlan(source, policy: .recipe("replay", assignment, base: type))
        let other = try QuantizationPlan(source, policy: .recipe("replay", assignment, base: .q8_0))
        #expect(replay.assignment == assignment && other.assignment == assignment)
        #expect(other.tensors.map(\.target) == mix.tensors.map(\.target))
        let output = folder.path.appending("replay.gguf")
        try Quantizer(source: source, outputs: [.init(plan: replay, path: output)]).run(threads: 2)
        let golden = try QuantizedGolden.plain()[type.name]
        #expect(try SHA256Digest(ofFile: output).description == golden?.file_sha256)
    }

    /// As the rules that llama-quantize would read from the same file.
    @Test func anAssignmentOfSomeTensorsIsWhatRulesForThemAre() throws {
        let types: [String: TensorType] = ["blk.0.ffn_down.weight": .q5_0, "output.weight": .q8_0]
        let policy = TypePolicy.recipe("some", TypeAssignment(types), base: .q3_K_L)
        var options = QuantizationOptions()
        options.tensorTypes = types.map { TensorTypeRule(pattern: "^\($0)$", type: $1) }
        let assigned = try QuantizationPlan(source, policy: policy)
        let ruled = try QuantizationPlan(source, as: .q3_K_L, options: options)
        #expect(assigned.tensors.map(\.target) == ruled.tensors.map(\.target))
    }
}
