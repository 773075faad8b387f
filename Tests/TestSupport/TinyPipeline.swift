import SystemPackage

/// The text of a pipeline file over models/tiny-phi3 that does everything and takes about a second.
public struct TinyPipeline: Sendable {
    public var source = Goldens.packageRoot.appending("models/tiny-phi3").string
    public var text = Goldens.packageRoot.appending("texts/sample.txt").string
    public var version = "1.0.0"
    public var types = "q8_0, q4_k_m"
    /// The path of an importance matrix, or the id of a step.
    public var imatrix: String?
    /// Steps between the conversion and the quantization, each a line of its own.
    public var imatrixStep = ""
    /// The path of multiple-choice tasks.
    public var tasks: String?
    /// What is asked, with further settings behind it.
    public var questions: String?
    /// A further setting of the quantization.
    public var rule = ""
    /// What a build must reach on the devices, by type.
    public var fitGates = ""
    public var context = 128
    public var chunks = 2
    /// How many pieces the text is cut into.
    public var pieces = 1
    /// How certain it must be that a build misses its gate to measure it no further, such as `99%`.
    public var earlyStop: String?
    /// What a build must reach, by type: `q8_0: { max-perplexity: 1 }`.
    public var gates = ""
    public var fitContext = 1024
    /// The path of a projector, published as a pair with each build.
    public var projector: String?

    public init() {}

    public var yaml: String {
        """
        pipeline: tiny
        version: \(version)
        model: { source: "\(source)", license: mit }
        steps:
          - id: f16
            convert: { type: f16 }
        \(imatrixStep)
          - id: builds
            quantize: { model: f16, types: [\(types)]\(imatrix.map { ", imatrix: \($0)" } ?? "")\(rule.isEmpty ? "" : ", \(rule)") }
        \(projector.map { "  - id: sight\n    projector: { file: \"\($0)\" }" } ?? "")
          - id: quality
            validate:
              builds: builds
              text: "\(text)"
              context: \(context)
              chunks: \(chunks)\(pieces > 1 ? "\n      pieces: \(pieces)" : "")
              against: f16\(tasks.map { "\n      tasks: \"\($0)\"" } ?? "")
              gates: { \(gates) }\(earlyStop.map { "\n      early-stop: \($0)" } ?? "")\(questionLines)
          - id: fit
            fit:
              builds: builds
              context: \(fitContext)
              devices: [pixel-8, iphone-15]
              gates: { \(fitGates) }\(projector == nil ? "" : "\n      projector: sight")
          - id: publish
            publish: { builds: builds, channel: candidate }

        """
    }

    /// `questions`, and what follows it, a line each.
    private var questionLines: String {
        guard let questions else { return "" }
        return "questions: \(questions)".split(separator: ", ").map { "\n      \($0)" }.joined()
    }
}
