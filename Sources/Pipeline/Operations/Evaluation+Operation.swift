import BinaryIO
import Evaluation
import Inference
import SystemPackage
import Tokenizers

/// How to measure a model on a text, as it stands on a command line.
public struct PerplexityRequest: Sendable {
    public var model: FilePath
    public var text: FilePath
    public var context = 512
    public var chunks: Int?
    public var stride: Int?
    public var threads = 1
    /// Where to write the model's log-probabilities.
    public var saveLogits: FilePath?
    /// The log-probabilities of another model, to compare with.
    public var baseLogits: FilePath?

    public init(model: FilePath, text: FilePath) {
        self.model = model
        self.text = text
    }
}

/// What a model scored. The names of the fields are a contract with other programs.
public struct PerplexityReport: Codable, Sendable {
    public struct Divergence: Codable, Sendable {
        public var mean: Double
        public var standardError: Double
        public var median: Double
        public var p99: Double
        public var max: Double
    }

    public var perplexity: Double
    public var standardError: Double
    public var bitsPerByte: Double
    public var bitsPerByteStandardError: Double
    public var scoredTokens: Int
    public var chunks: Int
    public var context: Int
    public var kernels: String
    public var runningPerplexity: [Double]
    public var kld: Divergence?
    public var sameTopPercent: Double?
    public var meanDeltaPercent: Double?
    public var rmsDeltaPercent: Double?

    init(_ result: PerplexityResult, _ comparison: KLDivergenceResult? = nil) {
        perplexity = result.perplexity
        standardError = result.standardError
        bitsPerByte = result.bitsPerByte
        bitsPerByteStandardError = result.bitsPerByteStandardError
        scoredTokens = result.scoredTokens
        chunks = result.chunks
        context = result.context
        kernels = result.kernels
        runningPerplexity = result.runningPerplexity
        if let comparison {
            let divergence = comparison.divergence
            kld = Divergence(
                mean: divergence.mean,
                standardError: divergence.standardError,
                median: divergence.median,
                p99: divergence.p99,
                max: divergence.max
            )
            sameTopPercent = comparison.sameTopPercent.value
            meanDeltaPercent = comparison.meanDeltaPercent.value
            rmsDeltaPercent = comparison.rmsDeltaPercent.value
        }
    }
}

extension Operations {
    /// Perplexity by llama-perplexity's method and, with base logits, how far the model is from theirs.
    public static func perplexity(
        _ request: PerplexityRequest,
        progress: @escaping WorkProgress
    ) throws -> PerplexityReport {
        if let output = request.saveLogits { try refuse(output, replacing: [request.model, request.text]) }
        let model = try LanguageModel(path: request.model)
        let options = EvaluationOptions(
            context: request.context,
            chunks: request.chunks,
            stride: request.stride,
            threads: request.threads
        )
        func report(_ state: EvaluationProgress) throws {
            try progress("perplexity \(state.perplexity.formatted(3))", state.chunk, state.chunkCount)
        }
        if let base = request.baseLogits {
            let result = try KLDivergenceRun(model, options).compare(
                with: try BaseLogits(path: base),
                progress: report
            )
            return PerplexityReport(result.build, result)
        }
        let text = try readFile(request.text, limit: ValidateStage.textLimit)
        let writer = request.saveLogits.map { path in
            { (windows: TextWindows) in
                try BaseLogitsWriter(path: path, windows: windows, vocabularySize: model.vocabularySize)
            }
        }
        return PerplexityReport(
            try EvaluationError.naming(request.text) {
                try PerplexityRun(model, options).measure(text: text, progress: report, saving: writer)
            }
        )
    }

    /// Continues a prompt.
    /// - Parameter onText: called with each piece of text as it becomes complete.
    public static func generate(
        _ model: FilePath,
        prompt: String,
        limit: Int,
        greedy: Bool,
        temperature: Float,
        seed: UInt64,
        threads: Int,
        onText: (String) -> Void
    ) throws -> GenerationReport {
        let model = try LanguageModel(path: model)
        let promptCount = try model.tokenizer.encode(prompt, parseSpecial: true).count
        let context = min(max(model.traits.trainedContext ?? .max, promptCount + 1), promptCount + limit)
        let session = try InferenceSession(model, SessionOptions(context: context, threads: threads))
        let sampling = greedy ? Sampling.greedy : .random(temperature: temperature, seed: seed)
        let result = try Generator(session, sampling: sampling).generate(prompt, limit: limit) { piece in
            onText(piece)
            return (try? Interruption.check()) != nil
        }
        try Interruption.check()
        return GenerationReport(result)
    }
}

/// What a model wrote.
public struct GenerationReport: Codable, Sendable {
    public var text: String
    public var tokens: [Int32]
    public var promptTokens: Int
    public var stop: String
    /// While writing, after the first token.
    public var tokensPerSecond: Double

    init(_ generation: Generation) {
        text = generation.text
        tokens = generation.tokens
        promptTokens = generation.promptTokens
        stop = generation.stop.rawValue
        let seconds = generation.writingDuration / .seconds(1)
        tokensPerSecond = seconds > 0 ? Double(max(0, generation.tokens.count - 1)) / seconds : 0
    }
}
