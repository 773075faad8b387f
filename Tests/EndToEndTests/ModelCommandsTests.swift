import BinaryIO
import Foundation
import SystemPackage
import TestSupport
import Testing

/// Commands that work on one model.
@Suite(.sharedRun) struct ModelCommandsTests {
    private let run: FinishedRun
    private var program: Program { run.program }

    init() throws { run = try #require(SharedRun.current) }

    @Test func inspectAgreesWithLlamaCppsConverter() throws {
        let report = try program("inspect", "f16.gguf", "--tensors", "--digests", "--json").json()
        let expected = try golden("converted-f16.json")
        #expect(Set(report.keys).isSuperset(of: ["format", "sha256", "metadata", "tensors"]))
        #expect(report["format"] as? String == "gguf")
        #expect(report["sha256"] as? String == expected["sha256"] as? String)
        let tensors = try #require(report["tensors"] as? [[String: Any]])
        let wanted = try #require(expected["tensors"] as? [[String: Any]])
        #expect(tensors.count == wanted.count)
        for (tensor, golden) in zip(tensors, wanted) {
            #expect(Set(tensor.keys) == ["name", "type", "shape", "bytes", "offset", "sha256"])
            for key in ["name", "type", "sha256"] { #expect(tensor[key] as? String == golden[key] as? String) }
            #expect(tensor["shape"] as? [Int] == golden["shape"] as? [Int])
            #expect(tensor["bytes"] as? Int == golden["bytes"] as? Int)
        }
        let metadata = try #require(report["metadata"] as? [String: Any])
        let entries = try #require(expected["metadata"] as? [String: [String: Any]])
        #expect(Set(metadata.keys) == Set(entries.keys))
        for (key, entry) in entries {
            if let count = (entry["value"] as? [String: Any])?["count"] as? Int {
                #expect((metadata[key] as? [Any])?.count == count, "\(key)")
            } else if let number = entry["value"] as? Double {
                // A number of single precision, written with as many digits as it takes.
                #expect((metadata[key] as? Double).map(Float.init) == Float(number), "\(key)")
            } else {
                #expect(metadata[key] as? NSObject == entry["value"] as? NSObject, "\(key)")
            }
        }
    }

    @Test(arguments: ["f16.gguf", tinyFolder])
    func tokenizeGivesLlamaCppsIds(_ model: String) throws {
        let sample = try Data(contentsOf: URL(fileURLWithPath: sampleText)).prefix(20_000)
        let text = try run.folder.write(sample, to: "\(UUID().uuidString).txt")
        let ids = try program("tokenize", model, "--file", text.string, "--json").json([Int].self)
        #expect(ids == (try golden("sample-first-20000-bytes.tokens.json", as: [Int].self)))
        let short = try program("tokenize", model, "Hello", "--no-bos", "--json").json([Int].self)
        #expect(short == Array(try program("tokenize", model, "Hello", "--json").json([Int].self).dropFirst()))
        let plain = try program("tokenize", model, "Hello", "--no-bos").output
        #expect(plain == short.map(String.init).joined(separator: " ") + "\n")
    }

    @Test func tokenizeTakesManyTextsAsLinesOfJSON() throws {
        let lines = #""Hello""# + "\n\n[72,101,108,108,111]\n" + #""a\n\u00e9""# + "\n[255,254]\n"
        let texts = try run.folder.write(Array(lines.utf8), to: "texts.jsonl")
        let result = try program("tokenize", "f16.gguf", "--file", texts.string, "--json-lines")
        let ids = try result.output.split(separator: "\n").map { line in
            try JSONDecoder().decode([Int].self, from: Data(line.utf8))
        }
        #expect(ids.count == 4 && ids[0] == ids[1])
        #expect(ids[0] == (try program("tokenize", "f16.gguf", "Hello", "--json").json([Int].self)))
        #expect(ids[2] == (try program("tokenize", "f16.gguf", "a\né", "--json").json([Int].self)))
        let bad = try run.folder.write(Array("\"a\"\n[256]\n".utf8), to: "bad.jsonl")
        let refusal = try program("tokenize", "f16.gguf", "--file", bad.string, "--json-lines")
        #expect(refusal.status == 3)
        #expect(refusal.errors.contains("Line 2 of the texts: a string or an array of bytes expected"))
    }

    @Test func perplexityHasItsKeysAndLlamaPerplexitysValues() throws {
        let measured = try program("perplexity", "f16.gguf", "--text", sampleText, "--chunks", "2", "--json", "--quiet")
        #expect(measured.status == 0 && measured.errors == "")
        let report = try measured.json()
        let keys: Set = [
            "perplexity", "standardError", "bitsPerByte", "scoredTokens", "chunks", "context", "runningPerplexity",
        ]
        #expect(Set(report.keys).isSuperset(of: keys))
        #expect(report["kld"] == nil)
        let exact = try #require(try golden("perplexity.json")["model_f32_exact"] as? [String: Any])
        let expected = try #require(exact["running_perplexity_per_chunk"] as? [Double]).prefix(2)
        let running = try #require(report["runningPerplexity"] as? [Double])
        #expect(running.count == 2)
        // The golden is of the F32 model; F16 weights move it by less than a thousandth.
        for (found, wanted) in zip(running, expected) { #expect(abs(found / wanted - 1) < 1e-3) }
        #expect(report["perplexity"] as? Double == running.last)
        #expect(report["scoredTokens"] as? Int == 2 * 255)
        #expect((report["context"] as? Int, report["chunks"] as? Int) == (512, 2))
    }

    @Test func baseLogitsAddTheDivergence() throws {
        let saved = try program(
            "perplexity",
            "f16.gguf",
            "--text",
            sampleText,
            "--context",
            "64",
            "--chunks",
            "2",
            "--save-logits",
            "base",
            "--quiet"
        )
        #expect(saved.status == 0, "\(saved.errors)")
        let report = try program(
            "perplexity",
            "f16.gguf",
            "--chunks",
            "2",
            "--base-logits",
            "base",
            "--json"
        ).json()
        let divergence = try #require(report["kld"] as? [String: Any])
        #expect(Set(divergence.keys).isSuperset(of: ["mean", "standardError", "median", "p99", "max"]))
        // The saved numbers have 16 bits each.
        #expect(try #require(divergence["max"] as? Double) < 1e-4)
        #expect(report["sameTopPercent"] as? Double == 100)
        #expect(report["meanDeltaPercent"] is NSNumber && report["rmsDeltaPercent"] is NSNumber)
    }

    @Test func aDryQuantizationHasTheSizesOfTheRealOne() throws {
        let dry = try program("quantize", "f16.gguf", "--type", "Q4_K_M", "--dry-run", "--json").json()
        #expect(Set(dry.keys) == ["type", "bytes", "bitsPerWeight", "tensors"])
        let tensors = try #require(dry["tensors"] as? [[String: Any]])
        #expect(tensors.allSatisfy { Set($0.keys).isSuperset(of: ["name", "type", "bytes", "fallback"]) })
        #expect(FileManager.default.fileExists(atPath: run.folder.appending("q4.gguf").string) == false)
        let real = try program("quantize", "f16.gguf", "-o", "q4.gguf", "--type", "q4_k_m", "--quiet")
        #expect(real.status == 0 && real.errors == "")
        let file = run.folder.appending("q4.gguf")
        #expect(dry["bytes"] as? Int == FileStatus(file)?.byteCount)
        #expect("\(try SHA256Digest(ofFile: file))" == (try quantizedGolden("Q4_K_M")))
        let inspected = try program("inspect", "q4.gguf", "--tensors", "--json").json()["tensors"] as? [[String: Any]]
        #expect(inspected?.map { $0["bytes"] as? Int } == tensors.map { $0["bytes"] as? Int })
    }

    @Test func generationIsDeterministicForATemperatureOfZeroAndForASeed() throws {
        func text(_ options: String...) throws -> String {
            let arguments = ["generate", "f16.gguf", "--prompt", "Once upon a time", "-n", "12", "--quiet"]
            let result = try program.run(arguments + options)
            #expect(result.status == 0 && result.errors == "")
            return result.output
        }
        #expect(try text("--greedy") == text("--greedy", "--threads", "1"))
        #expect(try text("--seed", "7") == text("--seed", "7"))
        #expect(try text("--seed", "7") != text("--seed", "8"))
        let json = try program(
            "generate",
            "f16.gguf",
            "--prompt",
            "Once upon a time",
            "-n",
            "12",
            "--greedy",
            "--json"
        ).json()
        #expect(try text("--greedy") == (json["text"] as? String).map { $0 + "\n" })
        #expect((json["tokens"] as? [Int])?.count == 12)
    }

    @Test func fitJudgesTheNamedPhones() throws {
        let fits = try program(
            "fit",
            "f16.gguf",
            "--device",
            "pixel-8",
            "--device",
            "iphone-15",
            "--context",
            "1024",
            "--json"
        ).json([[String: Any]].self)
        #expect(fits.map { $0["target"] as? String } == ["pixel-8", "iphone-15"])
        #expect(fits.allSatisfy { $0["verdict"] as? String == "fits" && $0["context"] as? Int == 1024 })
    }

    @Test func devicesAreListedAndShown() throws {
        let listed = try program("devices", "--format", "csv").lines
        #expect(listed.count > 100)
        #expect(listed[0].hasPrefix("id,name,platform"))
        #expect(try program("devices", "list", "--format", "csv").lines == listed)
        #expect(try program("devices", "show", "pixel-8", "--json").json()["name"] as? String == "Pixel 8")
    }
}
