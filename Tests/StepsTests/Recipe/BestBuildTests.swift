import BinaryIO
import Conversion
import GGUF
import Quantization
import Recipes
import Settings
import Steps
import StepsTestSupport
import SystemPackage
import Tensors
import TestSupport
import Testing
import Work

/// The best file of a size, from the model to the file and what is said of it.
@Suite struct BestBuildTests {
    private let scratch: ScratchFolder
    private let models: TinyModels
    private let model: FilePath
    private static let text = Goldens.packageRoot.appending("texts/sample.txt")

    init() throws {
        scratch = try ScratchFolder()
        models = try TinyModels()
        model = try models.converted(.f16)
    }

    private func request(_ goal: RecipeGoal, threads: Int = 2) throws -> RecipeRequest {
        var costs = CostRequest(model: model, text: Self.text)
        (costs.context, costs.chunks, costs.threads, costs.ladder) = (128, 4, threads, .all)
        var request = RecipeRequest(costs, goal, try QuantizeSettings(options: ["types": .text("q8_0")]))
        request.judgedChunks = 4
        return request
    }

    private func make(
        _ request: RecipeRequest,
        _ name: String = "best.gguf",
        _ progress: @escaping WorkProgress = { _, _, _ in }
    ) throws -> RecipeReport {
        try Operations.bestBuild(request, to: scratch.path.appending(name), progress: progress)
    }

    @Test func theFileHasAtMostTheBytesAndLosesNoMoreThanTheBestPreset() throws {
        let bytes = 1_900_000
        let report = try make(try request(.budget(.bytes(bytes))))
        let file = try GGUFFile(path: scratch.path.appending("best.gguf"))
        #expect(FileStatus(file.path)?.byteCount == report.bytes)
        #expect(report.bytes <= bytes && Double(report.bytes) >= 0.995 * Double(bytes))
        #expect(report.measuredKld <= report.texts[0].presetKld ?? .infinity)
        #expect(report.tensors.allSatisfy { file.tensor(named: $0.name)?.type.name == $0.type })
        #expect(try scratch.listing().count == 1, "costs and candidates are gone")
    }

    @Test func theSameBytesComeOfAnyNumberOfThreadsAndOfKeptCosts() throws {
        var first = try request(.budget(.bitsPerWeight(4)), threads: 1)
        first.folder = scratch.path.appending("costs")
        first.typeFile = scratch.path.appending("types")
        _ = try make(first, "one.gguf")
        let digest = try SHA256Digest(ofFile: scratch.path.appending("one.gguf"))
        _ = try make(first, "kept.gguf")
        _ = try make(try request(.budget(.bitsPerWeight(4)), threads: 3), "three.gguf")
        #expect(try SHA256Digest(ofFile: scratch.path.appending("kept.gguf")) == digest)
        #expect(try SHA256Digest(ofFile: scratch.path.appending("three.gguf")) == digest)

        // Types and importance matrix make the same file by themselves.
        var options = QuantizationOptions()
        options.importanceMatrix = try ImportanceMatrix(path: scratch.path.appending("costs/imatrix.gguf"))
            .named("imatrix.gguf")
        let assignment = try TypeAssignment(path: scratch.path.appending("types"))
        let made = try GGUFFile(path: scratch.path.appending("one.gguf"))
        let number = try made.reading { try $0.integer("general.file_type") }.flatMap { UInt32(exactly: $0) }
        let base = try #require(number.flatMap { Quantization.FileType(rawValue: $0) })
        let source = try GGUFModel(path: model)
        let plan = try QuantizationPlan(source, policy: .recipe("same", assignment, base: base), options: options)
        let output = scratch.path.appending("same.gguf")
        try Quantizer(source: source, outputs: [Quantizer.Output(plan: plan, path: output)]).run(threads: 2)
        #expect(try SHA256Digest(ofFile: output) == digest)
    }

    @Test func aRunThatIsStoppedAnywhereResumesToTheSameBytes() throws {
        let whole = try make(try request(.budget(.bitsPerWeight(3.5))), "whole.gguf")
        let calls = Mutexed(0)
        _ = try make(try request(.budget(.bitsPerWeight(3.5))), "counted.gguf") { _, _, _ in
            calls.change { $0 += 1 }
        }
        var kept = try request(.budget(.bitsPerWeight(3.5)))
        kept.folder = scratch.path.appending("costs")
        struct Stop: Error {}
        // A stop in every phase, then to the end. What is kept makes each run shorter than the one before.
        for share in [0.05, 0.2, 0.35, 0.5] {
            let left = Mutexed(Int(share * Double(calls.value)))
            let stopped = kept
            #expect(throws: Stop.self) {
                _ = try make(stopped, "resumed.gguf") { _, _, _ in
                    left.change { $0 -= 1 }
                    if left.value < 0 { throw Stop() }
                }
            }
            #expect(FileStatus(scratch.path.appending("resumed.gguf")) == nil)
        }
        let resumed = try make(kept, "resumed.gguf")
        #expect(resumed.tensors == whole.tensors)
        #expect(
            try SHA256Digest(ofFile: scratch.path.appending("resumed.gguf"))
                == SHA256Digest(ofFile: scratch.path.appending("whole.gguf"))
        )
    }

    @Test func aDeviceGetsWhatFitsAndIsFastEnough() throws {
        var wanted = try request(.device(id: "pixel-8", context: 512, tokensPerSecond: nil))
        wanted.costs.ladder = .k
        let report = try make(wanted)
        // Everything fits: the largest types of the ladder are taken.
        #expect(report.bitsPerWeight > 8)
        #expect(report.millisecondsPerToken ?? 0 > 0)
        let speed = 1000 / ((report.millisecondsPerToken ?? 1) * 0.97)
        wanted.goal = .device(id: "pixel-8", context: 512, tokensPerSecond: speed)
        let faster = try make(wanted)
        #expect(faster.millisecondsPerToken ?? .infinity < report.millisecondsPerToken ?? 0)
        wanted.goal = .device(id: "pixel-8", context: 512, tokensPerSecond: 1e9)
        #expect(throws: RecipeError.self) { try make(wanted, "none.gguf") }
        #expect(FileStatus(scratch.path.appending("none.gguf")) == nil)
    }

    @Test func wrongRequestsAreRefusedWithFigures() throws {
        func refusal(_ goal: RecipeGoal, _ change: (inout RecipeRequest) throws -> Void = { _ in }) -> String? {
            do {
                var wanted = try request(goal)
                try change(&wanted)
                _ = try make(wanted, "refused.gguf")
                return nil
            } catch { return "\(error)" }
        }
        #expect(refusal(.budget(.bytes(1000)))?.contains("the smallest") == true)
        #expect(refusal(.budget(.bytes(1 << 40)))?.contains("the largest") == true)
        #expect(refusal(.device(id: "pixle-8", context: nil, tokensPerSecond: nil))?.contains("pixel-8") == true)
        let short = scratch.path.appending("short.txt")
        try writeFile("A few words.\n".utf8, to: short)
        #expect(refusal(.budget(.bitsPerWeight(4))) { $0.costs.text = short }?.contains("tokens") == true)
        let checkpoint = Goldens.packageRoot.appending("models/tiny-phi3")
        #expect(
            refusal(.budget(.bitsPerWeight(4))) { $0.costs.model = checkpoint }?.contains("Convert it first") == true
        )
        // Costs of another text.
        let folder = scratch.path.appending("other")
        var other = try request(.budget(.bitsPerWeight(4)))
        other.folder = folder
        _ = try make(other)
        let found = refusal(.budget(.bitsPerWeight(4))) {
            $0.folder = folder
            $0.costs.text = Goldens.packageRoot.appending("texts/calibration.txt")
        }
        #expect(found?.contains("another model, text or importance matrix") == true)
        #expect(FileStatus(scratch.path.appending("refused.gguf")) == nil)
    }

    @Test func aCurveHasPresetsAndRecipes() throws {
        var costs = CostRequest(model: model, text: Self.text)
        (costs.context, costs.chunks, costs.threads, costs.ladder) = (128, 4, 2, .k)
        var request = FrontierRequest(costs, bits: 4...5.5)
        (request.steps, request.judgedChunks) = (3, 2)
        request.page = scratch.path.appending("curve.html")
        let report = try Operations.frontier(request) { _, _, _ in }
        #expect(report.points.contains { $0.kind == "preset" } && report.points.count { $0.kind == "recipe" } == 3)
        #expect(report.points.map(\.bytes) == report.points.map(\.bytes).sorted())
        let page = try readFile(scratch.path.appending("curve.html"), limit: 1 << 20)
        #expect(String(decoding: page, as: UTF8.self).contains("q4_k_m"))
    }
}
