import BinaryIO
import BlockFormats
import Conversion
import Evaluation
import Foundation
import GGUF
import Inference
import Quantization
import Settings
import Steps
import SystemPackage
import Tensors
import TestSupport
import Testing

/// Rounding with feedback, from a request to a file.
@Suite struct FeedbackTests {
    private let tiny: TinyModels
    private let scratch: ScratchFolder
    private let model: FilePath
    private let text = Goldens.packageRoot.appending("texts/calibration.txt").string

    init() throws {
        tiny = try TinyModels()
        scratch = try ScratchFolder()
        model = try tiny.converted(.f16)
    }

    private struct Stop: Error {}

    private func request(
        _ type: String = "q4_k_m",
        model: FilePath? = nil,
        _ change: (inout [String: SettingValue]) -> Void = { _ in }
    ) throws -> QuantizeRequest {
        var options: [String: SettingValue] = [
            "types": .text(type), "rounding": .text("feedback"), "text": .text(text), "feedback-tokens": .number(4096),
        ]
        change(&options)
        return QuantizeRequest(input: (model ?? self.model).string, try QuantizeSettings(options: options))
    }

    private func make(
        _ request: QuantizeRequest,
        _ name: String,
        threads: Int = 2,
        progress: @escaping @Sendable (String, Int, Int) throws -> Void = { _, _, _ in }
    ) throws -> (report: QuantizationReport, digest: SHA256Digest) {
        let output = scratch.appending(name)
        let report = try Operations.quantize(request, to: output, threads: threads, progress: progress)
        return (report, try SHA256Digest(ofFile: output))
    }

    /// Kernels round products of activations in ways of their own, so that there is a digest for each; of x86-64.
    private static let golden = [
        "avx2": "9cff6983eaacec2e3fb0275e8e2d44c89b1bf166da3b86223f4ca453c81cd4f4",
        "scalar": "87b9e522f5affa74ea2955c4208c8435d6b03a978ee170069a94794d89d8a446",
    ]

    @Test func theFileIsAStockOneWithLowerErrorOfOutputs() throws {
        let (report, digest) = try make(request(), "out.gguf")
        let plain = scratch.appending("plain.gguf")
        _ = try Operations.quantize(
            try QuantizeRequest(input: model.string, type: "q4_k_m"),
            to: plain,
            threads: 2,
            progress: { _, _, _ in }
        )
        let (made, reference) = (try GGUFFile(path: scratch.appending("out.gguf")), try GGUFFile(path: plain))
        #expect(made.metadata == reference.metadata && made.tensors == reference.tensors)
        let records = report.tensors.compactMap(\.feedback)
        #expect(records.count == report.tensors.count { $0.from != nil })
        for tensor in report.tensors where tensor.name.hasPrefix("blk.") && tensor.from != nil {
            let record = try #require(tensor.feedback)
            #expect(record.taken == 1 && record.error < record.plainError && record.tokens == 7 * 512, "\(tensor.name)")
        }
        #expect(report.tensors.first { $0.name == "token_embd.weight" }?.feedback?.reason != nil)
        #expect(report.tensors.first { $0.name == "output.weight" }?.feedback?.taken == 1)
        #expect(!FileManager.default.fileExists(atPath: scratch.appending("out.gguf.feedback").string))
        #if arch(x86_64)
            if let golden = Self.golden[try Kernels.selected().rawValue] { #expect("\(digest)" == golden) }
        #endif
    }

    @Test func theBytesDoNotDependOnTheThreads() throws {
        let digests = try [1, 3].map { try make(request(), "\($0).gguf", threads: $0).digest }
        #expect(Set(digests).count == 1)
    }

    /// One that is cut anywhere goes on, and comes to the same bytes.
    @Test func aRunThatIsCutGoesOn() throws {
        let whole = try make(request("q3_k_s"), "whole.gguf").digest
        let calls = Mutexed(0)
        _ = try make(request("q3_k_s"), "count.gguf") { _, _, _ in calls.change { $0 += 1 } }
        let count = calls.value
        #expect(count > 40)
        // Each run has less to do than the one before.
        for cut in [1, count / 8, count / 6, count / 5, count / 6] {
            let left = Mutexed(cut)
            #expect(throws: Stop.self) {
                try make(request("q3_k_s"), "cut.gguf") { _, _, _ in
                    left.change { $0 -= 1 }
                    if left.value < 0 { throw Stop() }
                }
            }
            #expect(!FileManager.default.fileExists(atPath: scratch.appending("cut.gguf").string))
        }
        let details = Mutexed<[String]>([])
        let (_, digest) = try make(request("q3_k_s"), "cut.gguf") { detail, _, _ in details.change { $0.append(detail) }
        }
        #expect(digest == whole)
        // The last cut came late: little was left to do.
        #expect(details.value.count < count * 3 / 4)
    }

    @Test(arguments: ["bytes", "json", "states", "run"]) func whatIsDamagedIsMadeAgain(_ ending: String) throws {
        let whole = try make(request("q3_k_s"), "whole.gguf").digest
        #expect(throws: Stop.self) {
            // Everything is rounded by then.
            try make(request("q3_k_s"), "out.gguf") { detail, _, _ in if detail.hasPrefix("quantizing") { throw Stop() }
            }
        }
        let folder = scratch.appending("out.gguf.feedback")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.string).filter {
            $0.hasSuffix(".\(ending)")
        }
        #expect(!names.isEmpty)
        for (number, name) in names.sorted().enumerated() where number < 3 {
            let path = folder.appending(name)
            var bytes = try readFile(path, limit: 1 << 30)
            switch number {
            case 0: bytes[bytes.count / 2] ^= 0x40
            case 1: bytes.removeLast()
            default: bytes = []
            }
            try Data(bytes).write(to: URL(filePath: path.string))
        }
        #expect(try make(request("q3_k_s"), "out.gguf").digest == whole)
    }

    @Test func anotherTextStartsAnew() throws {
        let other = scratch.appending("other.txt")
        let bytes = try readFile(Goldens.packageRoot.appending("texts/sample.txt"), limit: 1 << 24)
        try Data(bytes).write(to: URL(filePath: other.string))
        let whole = try make(request { $0["text"] = .text(other.string) }, "whole.gguf").digest
        #expect(throws: Stop.self) {
            try make(request(), "out.gguf") { detail, _, _ in if detail.hasPrefix("quantizing") { throw Stop() } }
        }
        #expect(try make(request { $0["text"] = .text(other.string) }, "out.gguf").digest == whole)
    }

    /// A layer with experts, each token of which goes to one. The last has the router's row of the one before, which wins
    /// where scores are equal: no token reaches it.
    private func expertModel() throws -> FilePath {
        var model = try SyntheticModel(
            architecture: "llama",
            vocabulary: try tiny.metadata(),
            width: 64,
            hidden: 96,
            layers: 2,
            heads: (2, 2),
            seed: 5
        )
        model.metadata.set("llama.expert_count", .uint32(4))
        model.metadata.set("llama.expert_used_count", .uint32(1))
        model.tensors.removeAll {
            ["ffn_gate", "ffn_up", "ffn_down"].contains($0.name.split(separator: ".").dropFirst(2).first ?? "")
        }
        for layer in 0..<2 {
            model.add("blk.\(layer).ffn_gate_inp.weight", [64, 4])
            let router = model.tensors.count - 1
            model.tensors[router].values.replaceSubrange(192..<256, with: model.tensors[router].values[128..<192])
            model.add("blk.\(layer).ffn_gate_exps.weight", [64, 96, 4])
            model.add("blk.\(layer).ffn_up_exps.weight", [64, 96, 4])
            model.add("blk.\(layer).ffn_down_exps.weight", [96, 64, 4])
        }
        let path = scratch.appending("experts.gguf")
        try model.write(to: path)
        return path
    }

    @Test func anExpertThatNoTokenReachedIsFittedToWhatAllSaw() throws {
        let (report, _) = try make(request("q4_0", model: try expertModel()), "out.gguf")
        let stacks = report.tensors.filter { $0.name.contains("_exps") }
        #expect(stacks.count == 6)
        for tensor in stacks {
            let record = try #require(tensor.feedback)
            #expect(
                record.matrices == 4 && record.pooled >= 1 && record.unseen == 0 && record.taken >= 3,
                "\(tensor.name)"
            )
        }
        #expect(report.feedbackSummary?.contains("experts that few tokens reached") == true)
    }

    /// A plan says what it takes, and a limit is kept to.
    @Test func memoryIsToldBeforehandAndLimited() throws {
        let report = try Operations.planQuantization(try request())
        let memory = try #require(report.feedbackMemory)
        #expect(memory > 4096 * 256 * 4)
        let error = #expect(throws: StepsError.self) {
            try make(request { $0["feedback-memory"] = .decimal(0.1) }, "out.gguf")
        }
        #expect("\(error!)".contains("GB of memory, and may take 0.10 GB"))
        // Layers are run several times where that is enough.
        let whole = try make(request("q4_0"), "whole.gguf").digest
        let tight = Double(memory - (8 << 20)) / 1e9
        if let (_, digest) = try? make(request("q4_0") { $0["feedback-memory"] = .decimal(tight) }, "tight.gguf") {
            #expect(digest == whole)
        }
    }

    @Test func typesThatCannotBeRoundedSoAreNamed() throws {
        let (report, _) = try make(request("iq4_xs") { $0["tensor-types"] = .list(["ffn_down=tq2_0"]) }, "out.gguf")
        let down = report.tensors.filter { $0.name.contains("ffn_down") }
        #expect(down.allSatisfy { $0.feedback?.taken == 0 && $0.feedback?.reason == "TQ2_0 cannot be rounded so" })
        #expect(report.feedbackSummary?.contains("TQ2_0 cannot be rounded so") == true)
    }

    @Test func aTextThatIsTooShortIsRefused() throws {
        let short = scratch.appending("short.txt")
        try Data("A few words.".utf8).write(to: URL(filePath: short.string))
        let error = #expect(throws: EvaluationError.self) {
            try make(request { $0["text"] = .text(short.string) }, "out.gguf")
        }
        #expect("\(error!)".hasPrefix("\(short)"))
        #expect(!FileManager.default.fileExists(atPath: scratch.appending("out.gguf").string))
    }

    @Test func whatIsQuantizedIsRefusedWithoutLeave() throws {
        let path = try tiny.quantized(.q8_0, from: GGUFFile(path: model))
        #expect(throws: QuantizationError.self) { try make(request(model: path), "out.gguf") }
        let (report, _) = try make(request(model: path) { $0["allow-requantize"] = .flag(true) }, "out.gguf")
        #expect(report.tensors.contains { ($0.feedback?.taken ?? 0) > 0 })
    }

    @Test func aFolderMustBeConvertedFirst() throws {
        let folder = Goldens.packageRoot.appending("models/tiny-phi3")
        let error = #expect(throws: StepsError.self) { try make(request(model: folder), "out.gguf") }
        #expect("\(error!)".contains("must lie in one GGUF file"))
    }

    @Test func weightsThatAreNoNumbersAreNamed() throws {
        let path = scratch.appending("damaged.gguf")
        var bytes = try readFile(model, limit: 1 << 30)
        let file = try GGUFFile(path: model)
        let tensor = try #require(file.tensor(named: "blk.2.attn_output.weight"))
        let start = try #require(bytes.firstRange(of: Array(file.bytes(of: tensor).prefix(64)))).lowerBound
        bytes.replaceSubrange((start + 10)..<(start + 12), with: [0x00, 0x7e])
        try Data(bytes).write(to: URL(filePath: path.string))
        #expect(throws: (any Error).self) { try make(request(model: path), "out.gguf") }
        #expect(!FileManager.default.fileExists(atPath: scratch.appending("out.gguf").string))
    }

    @Test(arguments: [
        (["types": SettingValue.text("q4_0"), "rounding": .text("feedback")], "Give one with"),
        (["types": .text("q4_0"), "text": .text("a.txt")], "counts with"),
        (
            ["types": .text("q4_0"), "rounding": .text("feedback"), "text": .text("a"), "damping": .decimal(0)],
            "above 0"
        ),
        (
            ["types": .text("q4_0"), "rounding": .text("feedback"), "text": .text("a"), "feedback-tokens": .number(7)],
            "1024"
        ),
    ])
    func settingsThatDoNotGoTogetherAreRefused(_ options: [String: SettingValue], _ words: String) {
        let error = #expect(throws: (any Error).self) { _ = try QuantizeSettings(options: options) }
        #expect("\(error!)".contains(words), "\(error!)")
    }
}
