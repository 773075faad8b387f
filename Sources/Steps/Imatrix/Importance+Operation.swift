import BinaryIO
import Evaluation
import GGUF
import Inference
import Pipeline
import Quantization
import SystemPackage
import Tensors
import Work

/// Of what to make an importance matrix, and how.
public struct ImportanceRequest: Sendable {
    /// Its `text` is what the text is called in the importance matrix.
    public var settings: ImatrixSettings
    /// The GGUF file that is run.
    public var model: FilePath
    /// The file that it reads.
    public var text: FilePath
    /// Whether the perplexity is measured on the way, which takes the output matrix.
    public var measuresPerplexity = true
    /// How many work at a time.
    public var threads = 1
    /// Importance matrices that the new one is added to.
    public var merged: [FilePath] = []
    /// `gguf` or `dat`; by the output's name where nothing is said.
    public var form: ImportanceForm?

    /// With one thread, to the form that the output's name tells.
    public init(_ settings: ImatrixSettings, model: FilePath, text: FilePath) {
        (self.settings, self.model, self.text) = (settings, model, text)
    }
}

/// The forms of an importance matrix's file.
public typealias ImportanceForm = Quantization.ImportanceForm

/// What went into an importance matrix.
public struct ImportanceReport: Codable, Sendable {
    /// The file's path.
    public var output: String
    /// `gguf` or `dat`.
    public var form: String
    /// How many tensors have an entry.
    public var tensors: Int
    /// Windows that were read, by all runs together.
    public var chunks: Int
    /// Tokens of a window.
    public var context: Int
    /// What the texts are called.
    public var datasets: [String]
    /// Over the windows that this run read.
    public var perplexity: Double?
    /// Windows that an earlier run, which was cut, had read.
    public var resumedAfter: Int?
    /// Tensors with experts that no token reached.
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
    /// Collects an importance matrix, by llama-imatrix's method. A run that is cut goes on where it last saved.
    /// - Parameter remark: told what somebody should know although all went well.
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

    /// Makes one importance matrix of several.
    /// - Parameter context: tokens of a window, where a file of the older form does not say.
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

    /// What a person looks at in an importance matrix.
    public static func importanceStatistics(_ path: FilePath) throws -> ImportanceSummary {
        ImportanceSummary(try ImportanceSums(path: path))
    }
}

/// An importance matrix in figures.
public struct ImportanceSummary: Codable, Sendable {
    /// Windows that were read.
    public var chunks: Int
    /// Tokens of a window.
    public var context: Int
    /// What the texts are called.
    public var datasets: [String]
    /// One for each tensor with an entry.
    public var tensors: [ImportanceStatistics]
    /// One for each layer.
    public var layers: [LayerImportance]

    init(_ sums: ImportanceSums) {
        chunks = sums.chunkCount
        context = sums.chunkSize
        datasets = sums.datasets
        tensors = sums.statistics
        layers = ImportanceSums.layers(of: tensors)
    }
}
