import BinaryIO
import Evaluation
import GGUF
import Inference
import Pipeline
import Quantization
import SystemPackage
import Tensors
import Work

/// What an importance matrix is made of, and how.
public struct ImportanceRequest: Sendable {
    /// The settings. Their `text` is the text's name in the importance matrix.
    public var settings: ImatrixSettings
    /// The GGUF file to run.
    public var model: FilePath
    /// The text file to read.
    public var text: FilePath
    /// Whether the perplexity is measured too, which requires the output matrix.
    public var measuresPerplexity = true
    /// The number of threads.
    public var threads = 1
    /// The importance matrices to which the new one is added.
    public var merged: [FilePath] = []
    /// `gguf` or `dat`; nil to derive it from the output's name.
    public var form: ImportanceForm?

    /// Creates a request with one thread and the form that the output's name implies.
    public init(_ settings: ImatrixSettings, model: FilePath, text: FilePath) {
        (self.settings, self.model, self.text) = (settings, model, text)
    }
}

/// The file formats of an importance matrix.
public typealias ImportanceForm = Quantization.ImportanceForm

/// The result of making an importance matrix.
public struct ImportanceReport: Codable, Sendable {
    /// The file's path.
    public var output: String
    /// `gguf` or `dat`.
    public var form: String
    /// The number of tensors with an entry.
    public var tensors: Int
    /// The number of windows read by all runs together.
    public var chunks: Int
    /// The number of tokens per window.
    public var context: Int
    /// The names of the texts.
    public var datasets: [String]
    /// The perplexity over the windows that this run read.
    public var perplexity: Double?
    /// The number of windows that an earlier, interrupted run had read.
    public var resumedAfter: Int?
    /// Tensors that have experts without any token.
    public var partial: [String]

    init(_ sums: ImportanceSums, _ output: FilePath, _ form: ImportanceForm) {
        self.output = output.string
        self.form = form.rawValue
        tensors = sums.entries.count
        chunks = sums.chunkCount
        context = sums.chunkSize
        datasets = sums.datasets
        partial = sums.entries.filter { $0.value.counts.contains(0) }.keys.sorted()
    }
}

extension Operations {
    /// Collects an importance matrix by llama-imatrix's method. An interrupted run resumes where it last saved.
    /// - Parameter remark: called with remarks about a successful run.
    public static func importanceMatrix(
        _ request: ImportanceRequest,
        to output: FilePath,
        remark: (String) -> Void = { _ in },
        progress: WorkProgress
    ) throws -> ImportanceReport {
        let settings = request.settings
        try checkOutput(output, replacing: [request.model, request.text] + request.merged)
        let form = request.form ?? ImportanceForm(path: output)
        let file = try GGUFFile(path: request.model)
        let text = try readFile(request.text, limit: ValidateStep.textLimit)
        let earlier = try request.merged.map { try ImportanceSums(path: $0, chunkSize: settings.context) }
        var options = ImportanceOptions()
        (options.context, options.chunks, options.threads) = (settings.context, settings.chunks, request.threads)
        (options.parsesSpecial, options.includesOutput) = (settings.parsesSpecial, settings.includesOutput)
        options.measuresPerplexity = request.measuresPerplexity
        let model = try LanguageModel(file)
        let run = ImportanceRun(model, options) { tensor in
            file.tensor(named: tensor)?.shape.dimensions.dropFirst(2).reduce(1, *) ?? 1
        }
        var saved = try SavedImportance(of: request, text: text, output: output)
        let start = saved.load()
        if let start { remark("Going on after \(start.chunkCount) chunks that an earlier run left in \(saved.path).") }
        let result = try EvaluationError.naming(request.text) {
            try run.collect(
                text: text,
                dataset: settings.text,
                continuing: start
            ) { state, sums in
                do {
                    let detail = state.perplexity.map { "perplexity \($0.formatted(3))" } ?? "importance matrix"
                    try progress(detail, state.chunk, state.chunkCount)
                } catch {
                    try saved.save(sums())
                    throw error
                }
                if state.chunk < state.chunkCount, saved.isDue { try saved.save(sums()) }
            }
        }
        let sums = try merge(earlier + [result.sums], request.merged + [output])
        try sums.write(to: output, as: form)
        saved.remove()
        var report = ImportanceReport(sums, output, form)
        report.perplexity = result.perplexity
        report.resumedAfter = start?.chunkCount
        return report
    }

    /// Merges several importance matrices.
    /// - Parameter context: the number of tokens per window, used for files of the older form that do not contain it.
    public static func mergeImportanceMatrices(
        _ files: [FilePath],
        to output: FilePath,
        form: ImportanceForm? = nil,
        context: Int = 512
    ) throws -> ImportanceReport {
        try checkOutput(output, replacing: files)
        let form = form ?? ImportanceForm(path: output)
        let sums = try merge(try files.map { try ImportanceSums(path: $0, chunkSize: context) }, files)
        try sums.write(to: output, as: form)
        return ImportanceReport(sums, output, form)
    }

    private static func merge(_ parts: [ImportanceSums], _ paths: [FilePath]) throws -> ImportanceSums {
        guard var sums = parts.first else {
            throw StepsError.badRequest("There is nothing to merge. Name one importance matrix or more.")
        }
        for (index, part) in parts.enumerated().dropFirst() {
            try sums.add(part, from: paths[index], to: Array(paths[..<index]))
        }
        return sums
    }

    /// Summarizes an importance matrix.
    public static func importanceStatistics(_ path: FilePath) throws -> ImportanceSummary {
        ImportanceSummary(try ImportanceSums(path: path))
    }
}

/// The summary of an importance matrix.
public struct ImportanceSummary: Codable, Sendable {
    /// The number of windows that were read.
    public var chunks: Int
    /// The number of tokens per window.
    public var context: Int
    /// The names of the texts.
    public var datasets: [String]
    /// The statistics of each tensor with an entry.
    public var tensors: [ImportanceStatistics]
    /// The statistics of each layer.
    public var layers: [LayerImportance]

    init(_ sums: ImportanceSums) {
        chunks = sums.chunkCount
        context = sums.chunkSize
        datasets = sums.datasets
        tensors = sums.statistics
        layers = ImportanceSums.layers(of: tensors)
    }
}
