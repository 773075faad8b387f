import DeviceFit
import Foundation

/// Results that another program measured on a device: JSON (or JSON lines) of llama-bench, or the profile of a Qualcomm AI Hub job.
struct DeviceMeasurementFile {
    /// One result.
    struct Entry {
        var metric: DeviceMeasurement.Metric
        var value: Double
        var deviation: Double?
        /// The procedure, such as `llama-bench`, and what it ran on.
        var method: String
        var backend: String
        /// Tokens that were in the context already.
        var depth: Int?
        var conditions: [String: String]
        /// What the file says of the model; nil where it says nothing.
        var parameters: Int?
        var tensorBytes: Int?
    }

    var entries: [Entry] = []
    /// Results that nothing can be learnt from here, in words.
    var remarks: [String] = []

    /// - Parameter tokensPerInference: of an AI Hub profile, which times one run of a graph: 1 where it generates, more where it
    ///   reads a prompt.
    init(_ data: Data, name: String, tokensPerInference: Int) throws {
        let objects = try Self.objects(data, name)
        if objects.count == 1, let summary = objects[0]["execution_summary"] as? [String: Any] {
            try readProfile(summary, tokensPerInference, name)
        } else {
            for (index, object) in objects.enumerated() { try readBench(object, "\(name): result \(index + 1)") }
        }
        guard !entries.isEmpty else {
            throw PipelineError.badRequest(
                "\(name): it has no result of generating or of reading a prompt. "
                    + (remarks.isEmpty ? "Run llama-bench -o json." : remarks.joined(separator: "; ") + ".")
            )
        }
    }

    private static func objects(_ data: Data, _ name: String) throws -> [[String: Any]] {
        if let whole = try? JSONSerialization.jsonObject(with: data) {
            if let list = whole as? [[String: Any]] { return list }
            if let one = whole as? [String: Any] { return [one] }
        }
        let lines = data.split(separator: 10).filter { !$0.allSatisfy { $0 == 32 || $0 == 13 || $0 == 9 } }
        let objects = lines.map { try? JSONSerialization.jsonObject(with: $0) as? [String: Any] }
        guard !objects.isEmpty, let broken = Optional(objects.firstIndex { $0 == nil }), broken == nil else {
            let line = (objects.firstIndex { $0 == nil } ?? 0) + 1
            throw PipelineError.badRequest(
                "\(name):\(line): it is no JSON. Give what `llama-bench -o json` or `-o jsonl` printed, or an AI Hub profile."
            )
        }
        return objects.compactMap { $0 }
    }

    /// [llama-bench] `n_prompt` tokens are read, or `n_gen` generated; `avg_ts` is their speed, and `stddev_ts` its spread over runs.
    private mutating func readBench(_ object: [String: Any], _ place: String) throws {
        func whole(_ key: String) -> Int? { (object[key] as? NSNumber)?.intValue }
        func text(_ key: String) -> String? { (object[key] as? String).flatMap { $0.isEmpty ? nil : $0 } }
        guard let prompt = whole("n_prompt"), let generated = whole("n_gen"), let speed = object["avg_ts"] as? NSNumber
        else {
            throw PipelineError.badRequest("\(place) has no n_prompt, n_gen and avg_ts, which llama-bench writes.")
        }
        guard (prompt == 0) != (generated == 0) else {
            remarks.append(
                "a result that mixes \(prompt) tokens of prompt with \(generated) generated ones was left out"
            )
            return
        }
        guard speed.doubleValue > 0, speed.doubleValue.isFinite else {
            throw PipelineError.badRequest("\(place): avg_ts is \(speed), which is no speed.")
        }
        let runs = (object["samples_ts"] as? [Any])?.count ?? 1
        var conditions = [
            "tokens": "\(max(prompt, generated))", "runs": "\(runs)",
            "engine": "llama.cpp \(text("build_commit") ?? "?")",
        ]
        for key in ["n_threads", "n_batch", "n_ubatch", "type_k", "type_v", "n_gpu_layers", "flash_attn"] {
            if let value = object[key] { conditions[key] = "\(value)" }
        }
        for key in ["cpu_info", "gpu_info", "test_time", "model_type"] { conditions[key] = text(key) }
        entries.append(
            Entry(
                metric: prompt > 0 ? .prefillSpeed : .decodeSpeed,
                value: speed.doubleValue,
                deviation: runs > 1 ? (object["stddev_ts"] as? NSNumber)?.doubleValue : nil,
                method: "llama-bench",
                backend: text("backends") ?? "CPU",
                depth: whole("n_depth").flatMap { $0 > 0 ? $0 : nil },
                conditions: conditions,
                parameters: whole("model_n_params"),
                tensorBytes: whole("model_size")
            )
        )
    }

    /// [Qualcomm AI Hub, `ProfileJob.download_profile`] Microseconds of one inference, and bytes of the peak while it ran.
    private mutating func readProfile(_ summary: [String: Any], _ tokens: Int, _ name: String) throws {
        guard let time = (summary["estimated_inference_time"] as? NSNumber)?.doubleValue, time > 0, time.isFinite else {
            throw PipelineError.badRequest("\(name): execution_summary has no estimated_inference_time above 0.")
        }
        func entry(_ metric: DeviceMeasurement.Metric, _ value: Double) -> Entry {
            Entry(
                metric: metric,
                value: value,
                method: "qualcomm-ai-hub-profile",
                backend: "NPU",
                conditions: ["tokens": "\(tokens)", "engine": "Qualcomm AI Hub"]
            )
        }
        entries.append(entry(tokens == 1 ? .decodeSpeed : .prefillSpeed, Double(tokens) * 1e6 / time))
        if let peak = (summary["estimated_inference_peak_memory"] as? NSNumber)?.doubleValue, peak > 0, peak < 1e15 {
            entries.append(entry(.peakMemory, peak))
        }
        remarks.append(
            "an AI Hub profile times the graph that was compiled there, which is not this file: compare with care"
        )
    }
}
