import BinaryIO
import DeviceFit
import SystemPackage

/// The results of another program on a device: JSON (or JSON lines) of llama-bench, or the profile of a Qualcomm AI Hub
/// job.
public struct DeviceMeasurementFile {
    /// One result.
    struct Entry {
        var metric: DeviceMeasurement.Metric
        var value: Double
        var deviation: Double?
        /// The procedure, such as `llama-bench`; `backend` is what it ran on.
        var method: String
        var backend: String
        /// The number of tokens that were already in the context.
        var depth: Int?
        var conditions: [String: String]
        /// The parameters and tensor bytes that the file states; nil if it states none.
        var parameters: Int?
        var tensorBytes: Int?
    }

    /// The file's name, for messages.
    let name: String
    var entries: [Entry] = []
    /// The results that cannot be imported, in words.
    var remarks: [String] = []

    /// The largest size of such a file, in bytes: a result takes about one kilobyte.
    private static let longest = 16 << 20

    /// Reads such a file, before any registry is opened.
    /// - Parameter tokensPerInference: for an AI Hub profile, which times one run of a graph: 1 for decoding, more for
    ///   prefill.
    /// - Throws: `AnswersError.badFile` with the line or the result; `.badRequest`; `FileError`.
    public init(_ path: FilePath, tokensPerInference: Int) throws {
        guard (1...(1 << 20)).contains(tokensPerInference) else {
            throw AnswersError.badRequest("\(setting: "tokens-per-inference") takes a whole number from 1.")
        }
        try self.init(
            readFile(path, limit: Self.longest),
            name: path.lastComponent?.string ?? path.string,
            tokensPerInference: tokensPerInference
        )
    }

    private init(_ bytes: [UInt8], name: String, tokensPerInference: Int) throws {
        self.name = name
        let results = try Self.results(bytes, name)
        if results.count == 1, let summary = results[0].value["execution_summary"], summary.object != nil {
            try readProfile(summary, tokensPerInference, name)
        } else {
            for result in results { try readBench(result.value, result.place) }
        }
        guard !entries.isEmpty else {
            throw AnswersError.badFile(
                "\(name): it has no result of generating or of reading a prompt. "
                    + (remarks.isEmpty ? "Run llama-bench -o json." : remarks.joined(separator: "; ") + ".")
            )
        }
    }

    /// Parses one document that is a result or a list of results, or one result per line.
    private static func results(_ bytes: [UInt8], _ name: String) throws -> [(value: JSONValue, place: String)] {
        let advice = "Give what `llama-bench -o json` or `-o jsonl` printed, or an AI Hub profile."
        let failure: JSONError
        switch parse(bytes) {
        case .failure(let error): failure = error
        case .success(let whole):
            return try (whole.array ?? [whole]).enumerated().map { index, value in
                let place = whole.array == nil ? name : "\(name): result \(index + 1)"
                guard value.object != nil else { throw AnswersError.badFile("\(place) is not an object. \(advice)") }
                return (value, place)
            }
        }
        // If the first line is a complete document, the file has one result per line.
        let lines = bytes.split(separator: 10, omittingEmptySubsequences: false).map(Array.init)
        var results: [(value: JSONValue, place: String)] = []
        for (index, line) in lines.enumerated() where !line.allSatisfy({ $0 == 32 || $0 == 13 || $0 == 9 }) {
            let place = "\(name):\(index + 1)"
            switch parse(line) {
            case .success(let value) where value.object != nil: results.append((value, place))
            case .success: throw AnswersError.badFile("\(place): this is not an object. \(advice)")
            case .failure(let error):
                guard !results.isEmpty else { throw Self.refusal(of: bytes, name, failure, advice) }
                throw AnswersError.badFile(
                    "\(place):\(error.offset + 1): this is not JSON: \(error.reason). \(advice)"
                )
            }
        }
        guard results.isEmpty else { return results }
        throw Self.refusal(of: bytes, name, failure, advice)
    }

    private static func parse(_ bytes: [UInt8]) -> Result<JSONValue, JSONError> {
        do throws(JSONError) { return .success(try JSONValue(parsing: bytes)) } catch { return .failure(error) }
    }

    private static func refusal(
        of bytes: [UInt8],
        _ name: String,
        _ failure: JSONError,
        _ advice: String
    ) -> AnswersError {
        let before = bytes.prefix(failure.offset)
        let line = before.count { $0 == 10 } + 1
        let column = failure.offset - (before.lastIndex(of: 10).map { $0 + 1 } ?? 0) + 1
        return .badFile("\(name):\(line):\(column): this is not JSON: \(failure.reason). \(advice)")
    }

    /// [llama-bench] `n_prompt` tokens are read, or `n_gen` generated; `avg_ts` is their speed, and `stddev_ts` its
    /// spread over runs.
    private mutating func readBench(_ object: JSONValue, _ place: String) throws {
        func text(_ key: String) -> String? { object[key]?.string.flatMap { $0.isEmpty ? nil : $0 } }
        guard let prompt = object["n_prompt"]?.integer, let generated = object["n_gen"]?.integer,
            let speed = object["avg_ts"]?.double
        else {
            throw AnswersError.badFile(
                "\(place) has no n_prompt, n_gen and avg_ts, which llama-bench writes as numbers. Run llama-bench -o json."
            )
        }
        guard prompt >= 0, generated >= 0 else {
            throw AnswersError.badFile("\(place): n_prompt and n_gen count tokens; one of them is negative.")
        }
        guard (prompt == 0) != (generated == 0) else {
            remarks.append(
                "a result that mixes \(prompt) tokens of prompt with \(generated) generated ones was left out"
            )
            return
        }
        guard speed > 0, speed.isFinite else {
            throw AnswersError.badFile("\(place): avg_ts is \(speed), which is not a speed. Run llama-bench again.")
        }
        let runs = object["samples_ts"]?.array?.count ?? 1
        var conditions = [
            "tokens": "\(max(prompt, generated))", "runs": "\(runs)",
            "engine": "llama.cpp \(text("build_commit") ?? "?")",
        ]
        for key in ["n_threads", "n_batch", "n_ubatch", "type_k", "type_v", "n_gpu_layers", "flash_attn"] {
            conditions[key] = object[key].flatMap(Self.spelled)
        }
        for key in ["cpu_info", "gpu_info", "test_time", "model_type"] { conditions[key] = text(key) }
        entries.append(
            Entry(
                metric: prompt > 0 ? .prefillSpeed : .decodeSpeed,
                value: speed,
                deviation: runs > 1 ? object["stddev_ts"]?.double.flatMap { $0.isFinite ? $0 : nil } : nil,
                method: "llama-bench",
                backend: text("backends") ?? "CPU",
                depth: object["n_depth"]?.integer.flatMap { $0 > 0 ? $0 : nil },
                conditions: conditions,
                parameters: object["model_n_params"]?.integer,
                tensorBytes: object["model_size"]?.integer
            )
        )
    }

    private static func spelled(_ value: JSONValue) -> String? {
        switch value {
        case .number(let text), .string(let text): text
        case .bool(let flag): flag ? "1" : "0"
        case .null, .array, .object: nil
        }
    }

    /// [Qualcomm AI Hub, `ProfileJob.download_profile`] Microseconds of one inference, and bytes of the peak during the
    /// run.
    private mutating func readProfile(_ summary: JSONValue, _ tokens: Int, _ name: String) throws {
        guard let time = summary["estimated_inference_time"]?.double, time > 0, time.isFinite else {
            throw AnswersError.badFile(
                "\(name): execution_summary has no estimated_inference_time above 0. Download the profile again."
            )
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
        if let peak = summary["estimated_inference_peak_memory"]?.double, peak > 0, peak < 1e15 {
            entries.append(entry(.peakMemory, peak))
        }
        remarks.append(
            "an AI Hub profile times the graph that was compiled there, which is not this file: compare with care"
        )
    }
}
