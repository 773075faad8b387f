import BinaryIO
import Evaluation
import Foundation
import GGUF
import Inference
import Pipeline
import Quantization
import Recipes
import Settings
import SystemPackage
import Tensors
import Work

/// The costs of a model's tensors.
struct CostedTensors {
    let source: any ModelSource
    let ladder: TypeLadder
    let table: CostTable
    /// The options, with the importance by which rows are rounded.
    let options: QuantizationOptions

    func finder(_ table: CostTable? = nil, milliseconds: ((GGUFTensor) -> Double)? = nil) throws -> RecipeFinder {
        try RecipeFinder(source, table ?? self.table, ladder, options: options, milliseconds: milliseconds)
    }
}

/// A model with known tensor costs, and the text on which they were computed.
struct CostedModel {
    let tensors: CostedTensors
    let model: LanguageModel
    let text: Calibration
    /// The file of the rows' importance.
    let importanceFile: FilePath
    /// The file of the costs.
    let costFile: FilePath
}

extension Operations {
    /// Computes the cost of each tensor at each type of a ladder, in KL divergence. Finished results are kept in the
    /// folder, from which an interrupted run resumes.
    static func costedModel(
        _ request: CostRequest,
        _ options: QuantizationOptions,
        _ feedback: FeedbackSettings = FeedbackSettings(),
        in folder: FilePath,
        replacesOthers: Bool = false,
        remark: (String) -> Void,
        progress: @escaping WorkProgress
    ) throws -> CostedModel {
        var work = try CostWork(request, options, folder, replacesOthers: replacesOthers)
        let factors = try work.factors(remark, progress)
        try work.tabulate(factors, progress)
        try work.measure(progress)
        try work.feedBack(feedback, progress)
        let tensors = CostedTensors(
            source: work.source,
            ladder: request.ladder,
            table: work.file.table,
            options: work.options
        )
        return CostedModel(
            tensors: tensors,
            model: work.model,
            text: work.text,
            importanceFile: request.importanceMatrix ?? folder.appending("imatrix.gguf"),
            costFile: work.path
        )
    }
}

/// The phases of computing costs, each of which is stored.
private struct CostWork {
    let request: CostRequest
    let folder: FilePath
    let text: Calibration
    let source: GGUFModel
    let model: LanguageModel
    private(set) var options: QuantizationOptions
    private(set) var file: CostFile
    let path: FilePath

    /// The number of windows on which single tensors are measured.
    private static let measuredChunks = 4
    /// The bits per weight of the type at which tensors are measured: inside the range that recipes choose from.
    private static let measuredBits = 3.5

    /// - Parameter replacesOthers: whether costs of another model or text in the folder are replaced instead of
    ///   rejected.
    init(
        _ request: CostRequest,
        _ options: QuantizationOptions,
        _ folder: FilePath,
        replacesOthers: Bool
    ) throws {
        (self.request, self.options, self.folder) = (request, options, folder)
        try makeFolder(folder)
        text = try Calibration(path: request.text)
        if FileStatus(request.model)?.isFolder == true {
            throw StepsError.badFile(
                "\(request.model): costs are computed by running a GGUF file, and this is a folder. Convert it first: "
                    + "`edgepipe convert` makes the file."
            )
        }
        let file = try GGUFFile(path: request.model)
        source = try GGUFModel(file)
        model = try LanguageModel(file)
        try model.requirePredictions()
        let ending = options.rounding == .feedback ? "-feedback" : ""
        let origin = CostFile.Origin(
            modelSha256: try SHA256Digest(ofFile: request.model),
            textSha256: text.digest,
            imatrixSha256: try request.importanceMatrix.map { try SHA256Digest(ofFile: $0) },
            context: request.context,
            chunks: request.chunks,
            seed: request.seed,
            rounding: options.rounding.rawValue
        )
        path = folder.appending("costs-\(request.ladder)\(ending).json".replacing(",", with: "-"))
        self.file = CostFile(origin, request.ladder)
        guard FileStatus(path) != nil else { return }
        let earlier = try CostFile(path: path)
        guard earlier.origin == origin else {
            if replacesOthers {
                try? FileManager.default.removeItem(atPath: folder.appending("imatrix.gguf").string)
                return
            }
            throw StepsError.badFile(
                "\(path): these costs are of another model, text or importance matrix. Remove the file, or name another folder."
            )
        }
        self.file = earlier
    }

    /// Computes the factors of each tensor from gradients. The importance matrix is made from them if none was given.
    mutating func factors(
        _ remark: (String) -> Void,
        _ progress: @escaping WorkProgress
    ) throws -> [String: TensorFactors] {
        let given = try request.importanceMatrix.map { try ImportanceMatrix(path: $0) }
        if let given { options.importanceMatrix = given }
        let factors = try fisher(remark, progress)
        if given == nil { options.importanceMatrix = try importance(of: factors) }
        return Dictionary(uniqueKeysWithValues: factors.tensors.map { ($0.name, TensorFactors($0, of: factors)) })
    }

    private func fisher(_ remark: (String) -> Void, _ progress: @escaping WorkProgress) throws -> FisherFactors {
        let path = folder.appending("factors.gguf")
        var wanted = FisherRequest(model: request.model, text: text.path)
        (wanted.context, wanted.chunks, wanted.seed) = (request.context, request.chunks, request.seed)
        (wanted.threads, wanted.output) = (request.threads, path)
        let key = ("edgepipe.costs.origin", "\(file.origin.digest)")
        if FileStatus(path) != nil {
            let kept = try GGUFFile(path: path)
            if case .string(key.1)? = kept.metadata[key.0] { return try FisherFactors(kept) }
        }
        let factors = try Operations.collect(wanted, model, text.learned, remark, progress).factors
        try factors.write(to: path, note: key)
        return factors
    }

    /// Returns the activations in the factors as an importance matrix, including those of the output, which
    /// llama-imatrix omits for a tied model.
    private func importance(of factors: FisherFactors) throws -> ImportanceMatrix {
        let entries = factors.tensors.map { tensor in
            let sums = tensor.columnFactors.enumerated().map { index, mean in
                mean * Float(tensor.counts[index / tensor.columns])
            }
            return (tensor.name, ImportanceSums.Entry(sums: sums, counts: tensor.counts))
        }
        let sums = ImportanceSums(
            entries: Dictionary(uniqueKeysWithValues: entries),
            datasets: [text.path.lastComponent?.string ?? "text"],
            chunkCount: factors.chunks,
            chunkSize: factors.context
        )
        let path = folder.appending("imatrix.gguf")
        try sums.write(to: path, as: .gguf)
        return try ImportanceMatrix(path: path).named("imatrix.gguf")
    }

    mutating func tabulate(_ factors: [String: TensorFactors], _ progress: @escaping WorkProgress) throws {
        if file.isComplete { return }
        let run = CostRun(source, request.ladder, factors: factors, options: options, threads: request.threads)
        var saved = ContinuousClock.now
        let measured = file.table
        file.table = try run.table(continuing: measured.tensors.isEmpty ? nil : measured) {
            tensor,
            done,
            total,
            table in
            var state = file
            state.table = table
            do {
                try progress("costs of \(tensor)", done, total)
            } catch {
                try state.write(to: path)
                throw error
            }
            guard ContinuousClock.now - saved > .seconds(30) else { return }
            try state.write(to: path)
            saved = .now
        }
        try file.write(to: path)
    }

    /// Measures, one at a time, the tensors whose costs gradients do not show, such as an embedding, whose rows are
    /// also looked up.
    mutating func measure(_ progress: @escaping WorkProgress) throws {
        let due = file.table.tensors.filter { tensor in
            tensor.source == .unknown || (tensor.source == .fisher && tensor.name == "token_embd.weight")
        }
        if !due.isEmpty {
            let types = due.compactMap { tensor in tensor.middleType(Self.measuredBits).map { (tensor.name, $0) } }
            let found = try measured(Dictionary(types) { first, _ in first }, progress)
            file.table = file.table.scaled(to: found)
        }
        try file.write(to: path)
    }

    /// Replaces the costs by those after feedback, if weights are rounded with it.
    mutating func feedBack(_ settings: FeedbackSettings, _ progress: @escaping WorkProgress) throws {
        if options.rounding == .feedback {
            let costs = FeedbackCosts(
                model: model,
                source: source,
                options: options,
                settings: settings,
                threads: request.threads
            )
            do {
                try costs.apply(to: &file, text.learned, of: text.path, progress)
            } catch {
                try file.write(to: path)
                throw error
            }
        }
        file.isComplete = true
        try file.write(to: path)
    }

    /// Measures the divergence of each tensor alone in a type.
    private func measured(_ types: [String: TensorType], _ progress: @escaping WorkProgress) throws -> [MeasuredCost] {
        let path = folder.appending("measured.gguf")
        defer { try? FileManager.default.removeItem(atPath: path.string) }
        let part = ModelPart(of: source) { types[$0] != nil }
        let policy = TypePolicy.recipe("measured", TypeAssignment(types), base: .f16)
        let plan = try QuantizationPlan(part, policy: policy, options: part.options(options))
        try Quantizer(source: part, outputs: [Quantizer.Output(plan: plan, path: path)]).run(threads: request.threads)
        return try Operations.measuredCosts(
            model,
            build: path,
            text.learned,
            context: request.context,
            chunks: Self.measuredChunks,
            threads: request.threads,
            progress: progress
        ) { types[$0] != nil }
    }
}

extension TensorFactors {
    /// Creates the factors of a tensor from gradients.
    init(_ tensor: FisherFactors.Tensor, of factors: FisherFactors) {
        self.init(
            rows: tensor.rowFactors,
            columns: tensor.columnFactors,
            shares: tensor.counts.map { Double($0) / Double(max(1, factors.tokens)) }
        )
    }
}
