import Answers
import DeviceFit
import Foundation
import Pipeline
import SystemPackage
import TestSupport
import Testing
import edgepipe

/// What was measured elsewhere takes the place of what is estimated here.
@Suite struct DeviceMeasurementTests {
    /// Two results as llama-bench 0c1e570 prints them, with the fields that are read and some that are not.
    private func bench(parameters: Int, bytes: Int, prompt: Int = 0, generated: Int = 128, speed: Double = 12.5)
        -> String
    {
        """
        {"build_commit": "0c1e570", "cpu_info": "Cortex", "gpu_info": "", "backends": "CPU", "model_type": "test 1B",
         "model_size": \(bytes), "model_n_params": \(parameters), "n_batch": 2048, "n_threads": 6, "type_k": "f16",
         "n_prompt": \(prompt), "n_gen": \(generated), "n_depth": 0, "test_time": "2026-11-26T12:00:00Z",
         "avg_ts": \(speed), "stddev_ts": 0.5, "samples_ts": [12.0, 13.0]}
        """
    }

    private func add(_ text: String, to shelf: Shelf, _ build: String, device: String = "pixel-8", tokens: Int = 1)
        throws
        -> DeviceImport
    {
        let file = try shelf.scratch.write(text, to: "bench-\(UUID()).json")
        let results = try DeviceMeasurementFile(file, tokensPerInference: tokens)
        return try shelf.session.importMeasurements(results, of: build, on: device)
    }

    @Test func measuredSpeedsReplaceEstimatesAndSaySo() throws {
        let shelf = try Shelf()
        let size = try shelf.add("one", gigabytes: 1, bitsPerByte: 1)
        let results = [
            bench(parameters: size.parameters, bytes: size.bytes),
            bench(parameters: size.parameters, bytes: size.bytes, prompt: 512, generated: 0, speed: 200),
        ]
        let report = try add("[\(results.joined(separator: ","))]", to: shelf, "one")
        #expect(report.measurements.map(\.metric) == ["decodeSpeed", "prefillSpeed"])

        let before = try shelf.ask { $0.devices = ["iphone-15"] }.best?.estimate
        #expect(before?.speed.source.hasPrefix("measured") == false, "other devices keep their estimates")
        let answer = try shelf.ask { $0.devices = ["pixel-8"] }
        let estimate = try #require(answer.best?.estimate)
        #expect(estimate.speed.mid == 12.5 && estimate.speed.low == 11.5 && estimate.speed.high == 13.5)
        #expect(estimate.prefill.mid == 200)
        #expect(estimate.speed.confidence == .high)
        #expect(estimate.speed.source.contains("llama-bench, llama.cpp 0c1e570, CPU, 6 threads, 128 tokens"))
        #expect(abs((estimate.sustainedDecode?.mid ?? 0) - 12.5 * estimate.sustainedFactor.mid) < 1e-9)
        #expect(answer.best?.note?.contains("measured, not estimated, on pixel-8") == true)
    }

    @Test func theLastMeasurementCountsAndTheSameOneIsKeptOnce() throws {
        let shelf = try Shelf()
        let size = try shelf.add("one", gigabytes: 1, bitsPerByte: 1)
        for speed in [10.0, 20, 20] {
            _ = try add(bench(parameters: size.parameters, bytes: size.bytes, speed: speed), to: shelf, "one")
        }
        #expect(try shelf.ask { $0.devices = ["pixel-8"] }.best?.estimate?.speed.mid == 20)
    }

    @Test func aMeasuredSpeedDecidesOverTheSlowestThatIsAllowed() throws {
        let shelf = try Shelf()
        let size = try shelf.add("one", gigabytes: 1, bitsPerByte: 1)
        _ = try add(bench(parameters: size.parameters, bytes: size.bytes, speed: 1), to: shelf, "one")
        let answer = try shelf.ask {
            $0.devices = ["pixel-8"]
            $0.minSpeed = 2
        }
        #expect(answer.best == nil)
        #expect(answer.reasons("one") == ["about 1.0 tokens a second are under 2.0"])
    }

    /// 50 ms an inference of 128 tokens are 2560 tokens a second.
    @Test func anAIHubProfileTellsSpeedAndPeak() throws {
        let shelf = try Shelf()
        try shelf.add("one", gigabytes: 1, bitsPerByte: 1)
        let profile = #"""
            {"execution_summary": {"estimated_inference_time": 50000, "estimated_inference_peak_memory": 2000000000,
             "first_load_time": 1}, "execution_detail": []}
            """#
        let report = try add(profile, to: shelf, "one", tokens: 128)
        #expect(report.measurements.map(\.metric) == ["prefillSpeed", "peakMemory"])
        #expect(report.remarks.count == 1)
        let estimate = try #require(try shelf.ask { $0.devices = ["pixel-8"] }.best?.estimate)
        #expect(estimate.prefill.mid == 2560)
        #expect(abs(estimate.memory.total.mid - 2_000_000_000) < 10)
        #expect(estimate.reason == "takes 2.0 GB, measured, within 4.3 GB")
    }

    /// Files that are refused, each with the words that say why.
    @Test(arguments: [
        ("", "json:1:1: this is not JSON"), ("{\n \"a\": ]", "json:2:7: this is not JSON"),
        ("[]", "no result of generating"), ("{}", "has no n_prompt"),
        (#"{"n_prompt": 512, "n_gen": 128, "avg_ts": 5}"#, "mixes 512 tokens of prompt"),
        (#"{"n_prompt": 0, "n_gen": 128, "avg_ts": -1}"#, "is not a speed"),
        (#"{"n_prompt": 0, "n_gen": 128, "avg_ts": 5}"# + "\n{", "json:2:2: this is not JSON"),
        (#"{"n_prompt": 0, "n_gen": 8, "avg_ts": 5, "model_n_params": 7}"#, "is of another model: it has 7 parameters"),
        (#"{"n_prompt": 0, "n_gen": 8, "avg_ts": 5, "model_size": 7}"#, "is of another build"),
        (#"{"n_prompt": "0", "n_gen": 8, "avg_ts": 5}"#, "has no n_prompt"), ("[1]", "result 1 is not an object"),
        (#"{"n_prompt": 0, "n_gen": 8, "n_gen": 9, "avg_ts": 5}"#, "the key 'n_gen' stands twice"),
        (#"{"n_prompt": 0, "n_gen": 9, "avg_ts": 5}"# + "\n7", "json:2: this is not an object"),
        (#"{"execution_summary": {"estimated_inference_time": 0}}"#, "no estimated_inference_time above 0"),
    ])
    func whatIsNoMeasurementOfThisBuildIsRefusedAndNothingKept(_ text: String, _ words: String) throws {
        let shelf = try Shelf()
        try shelf.add("one", gigabytes: 1, bitsPerByte: 1)
        let failure = try #require(throws: AnswersError.self) { try add(text, to: shelf, "one") }
        #expect("\(failure)".contains(words), "\(failure)")
        #expect(ExitStatus(failure) == .badInput)
        #expect(try shelf.ask { $0.devices = ["pixel-8"] }.best?.estimate?.speed.source.hasPrefix("measured") == false)
    }

    @Test func anUnknownDeviceIsRefusedWithNearNames() throws {
        let shelf = try Shelf()
        let size = try shelf.add("one", gigabytes: 1, bitsPerByte: 1)
        let text = bench(parameters: size.parameters, bytes: size.bytes)
        let failure = try #require(throws: DeviceFitError.self) { try add(text, to: shelf, "one", device: "pixel8") }
        #expect("\(failure)".contains("pixel-8"))
    }

    @Test func onlyModelsWithAllTagsAreChosen() throws {
        let shelf = try Shelf()
        try shelf.add("chat", gigabytes: 1, bitsPerByte: 1, tags: ["Chat", "summarization"])
        try shelf.add("plain", gigabytes: 1, bitsPerByte: 0.5)
        let answer = try shelf.ask { $0.tags = ["chat"] }
        #expect(answer.models == ["chat"], "in any case of letters")
        #expect(answer.reasons("plain") == ["it is not tagged chat; it has no tags"])
        let other = try shelf.ask { $0.tags = ["chat", "translation"] }
        #expect(other.reasons("chat") == ["it is not tagged translation; its tags are Chat, summarization"])
    }
}
