import Architectures
import BinaryIO
import GGUF
import Inference
import Pipeline
import Quantization
import Recipes
import Registry
import SystemPackage
import Tensors
import Work

/// Quantizes one model to several types: a node for each type, and one pass over the tensors for all that are due.
struct QuantizeStep: BuildMaker {
    /// Increased whenever the same model would give different files.
    static let version = 1

    /// The source of the importance matrix.
    enum Matrix {
        /// The name is the path as written in the pipeline file. It becomes part of the build, so it must not depend on
        /// the machine.
        case file(name: String, FilePath, StepKey.Input)
        case step(any ImportanceMaker)
    }

    /// A user-defined build.
    struct Recipe {
        let base: FileType
        /// The file that assigns types to tensors.
        let path: FilePath
        let input: StepKey.Input
    }

    let id: String
    let settings: QuantizeSettings
    let model: ConvertStep
    let matrix: Matrix?
    /// The step that provides the costs of tensors; nil if no type is chosen by cost.
    let costs: SensitivityStep?
    /// The text for rounding with feedback.
    let text: (path: FilePath, input: StepKey.Input)?
    /// The recipes by name.
    let recipes: [String: Recipe]

    let kind = QuantizeSettings.kind
    var needs: [String] { settings.needs }
    var nodes: [StepNode] { settings.types.map(node) }

    private func node(_ type: BuildType) -> StepNode {
        var entries = settings.keyEntries
        entries["type"] = type.tag
        var inputs = ["model": model.node.asInput]
        if let costs, AutoType.goal(type.tag) != nil { inputs["costs"] = costs.node.asInput }
        if let recipe = recipe(type) { (entries["base"], inputs["recipe"]) = (recipe.base.tag, recipe.input) }
        switch matrix {
        case .file(let name, _, let input)?: (entries["imatrix"], inputs["imatrix"]) = (name, input)
        case .step(let step)?: (entries["imatrix"], inputs["imatrix"]) = (step.fileName, step.node.asInput)
        case nil: break
        }
        if let text { inputs["text"] = text.input }
        let key = StepKey(kind: kind, version: Self.version, settings: entries, inputs: inputs)
        return StepNode(StepNode.Name(step: id, build: type.tag), key)
    }

    var builds: [PlannedBuild] {
        let weights = model.work.tensors.elementCount
        return settings.types.map { PlannedBuild(type: $0.tag, node: node($0), weights: weights) }
    }

    var modelKind: ModelKind? { model.modelKind }
    var memory: StepMemory { model.memory }

    func byteCounts(of types: [String]) throws -> [Int] {
        let types = types.compactMap { tag in settings.types.first { $0.tag == tag } }
        let matrix = try planningMatrix
        return try types.map { type in
            guard let goal = AutoType.goal(type.tag) else {
                return try plans(of: [type], model.work.model, matrix, nil)[0].plan.byteCount
            }
            return try goal.mostBytes(model.work.model)
        }
    }

    private func plans(
        of types: [BuildType],
        _ source: any ModelSource,
        _ matrix: ImportanceMatrix?,
        _ costs: CostFile?
    ) throws -> [Planned] {
        let options = settings.options(with: matrix)
        return try types.map { type in
            guard let goal = AutoType.goal(type.tag), recipes[type.tag] == nil, let costs else {
                return Planned(try QuantizationPlan(source, policy: policy(of: type), options: options))
            }
            let tensors = CostedTensors(source: source, ladder: costs.types, table: costs.table, options: options)
            let target = try RecipeTarget(goal, tensors)
            let recipe = try target.recipe(by: costs.table)
            let plan = try QuantizationPlan(source, policy: recipe.policy(named: type.tag), options: options)
            return Planned(plan, RecipeRecord(recipe, budget: target.budget, costs))
        }
    }

    /// A plan, and the choice of its types if they were chosen by cost.
    private struct Planned {
        let plan: QuantizationPlan
        let recipe: RecipeRecord?

        init(_ plan: QuantizationPlan, _ recipe: RecipeRecord? = nil) { (self.plan, self.recipe) = (plan, recipe) }
    }

    private func recipe(_ type: BuildType) -> Recipe? {
        guard case .recipe(let name) = type else { return nil }
        return recipes[name]
    }

    private func policy(of type: BuildType) throws -> TypePolicy {
        switch type {
        case .mix(let type): return .mix(type)
        case .recipe(let name):
            guard let recipe = recipes[name] else { preconditionFailure("the types were read with their recipes") }
            return .recipe(name, try TypeAssignment(path: recipe.path), base: recipe.base)
        }
    }

    /// The importance matrix, or a stand-in for one that is not made yet.
    private var planningMatrix: ImportanceMatrix? {
        get throws {
            switch matrix {
            case .file(let name, let path, _)?: try ImportanceMatrix(path: path).named(name)
            case .step(let step)?: step.standIn
            case nil: nil
            }
        }
    }

    private func madeMatrix(_ context: StepContext) throws -> ImportanceMatrix? {
        guard case .step(let step)? = matrix else { return try planningMatrix }
        return try ImportanceMatrix(path: step.importanceFile(context)).named(step.fileName)
    }

    func lineage(of node: StepNode, _ context: StepContext) -> [LineageEdge] {
        // If no file is kept, the build is made from the source.
        let file = context.product(of: model.node.name).files.first?.digest
        var origins = [file ?? model.source.digest]
        var edges = model.lineage(of: model.node, context)
        if case .step(let step)? = matrix {
            origins += context.product(of: step.node.name).files.map { $0.digest }
            edges += step.lineage(context)
        }
        return edges + LineageEdge.edges(from: origins + node.givenFiles, to: node, context)
    }

    func costs(_ context: StepContext) throws -> SensitivityRecord? { try costs?.record(context) }

    func forecast(_ nodes: [StepNode], threads: Int) throws -> Forecast {
        let types = nodes.compactMap(\.name.build)
        let weights = model.work.tensors.elementCount * types.count
        let outputs = zip(types, try byteCounts(of: types)).map { Forecast.Output(name: $0, bytes: $1) }
        guard let text else {
            return Forecast(
                outputs: outputs,
                // Weights are encoded, and decoded again to measure their error. Headers are laid out by the forecast
                // and by the run.
                peakMemoryBytes: memory.slabs(threads: threads, bytes: 10, headers: 2 * types.count),
                work: Forecast.Work(Double(weights) / Double(threads), speed: Throughput.quantizing)
            )
        }
        let model = model.work.model
        let shape = try model.reading { try ModelShape($0) }
        let due = settings.types.filter { type in nodes.contains { $0.name.build == type.tag } }
        let matrix = try planningMatrix
        let wanted = try due.map { type in
            // The types that tensors get by cost are not known yet; they hardly affect the memory.
            AutoType.goal(type.tag) == nil
                ? try plans(of: [type], model, matrix, nil)[0].plan
                : try QuantizationPlan(model, as: .q4_K_M, options: settings.options(with: matrix))
        }
        let items = FeedbackItem.all(of: wanted, shape)
        let limit = settings.feedback.memory ?? FeedbackForecast.standardLimit
        let tokens = Throughput.tokens(of: text.path, context: 1, chunks: settings.feedback.tokens)
        return Forecast(
            outputs: outputs,
            peakMemoryBytes: FeedbackForecast(items, shape, tokens: tokens, limit: limit).byteCount,
            work: Forecast.Work(
                FeedbackForecast.operations(items, tokens: tokens) / Double(threads),
                speed: Throughput.multiplying
            )
        )
    }

    func run(_ nodes: [StepNode], _ context: StepContext) throws -> [StepProduct] {
        let file = context.product(of: model.node.name).files.first
        let source: any ModelSource = try file.map { try GGUFModel(path: $0.path) } ?? model.work.model
        try LoadingCheck.require(source)
        let types = settings.types.filter { type in nodes.contains { $0.name.build == type.tag } }
        let plans = try plans(of: types, source, madeMatrix(context), try costs?.costs(context))
        let targets = try zip(plans.map(\.plan), nodes).map { plan, node in
            if let obstacle = plan.obstacle { throw obstacle }
            let path = try context.folder(for: node).appending("\(plan.buildType.tag).gguf")
            return (plan, path)
        }
        let (prepared, folder) = try feedback(plans.map(\.plan), source, file?.path, context)
        let detail = "quantizing to \(types.map { $0.tag }.joined(separator: ", "))"
        let outputs = targets.indices.map {
            Quantizer.Output(
                plan: targets[$0].0,
                path: targets[$0].1,
                prepared: prepared[$0].prepared,
                isResumable: true
            )
        }
        let outcomes = try Quantizer(source: source, outputs: outputs).run(
            threads: context.threads,
            measuresLoss: true
        ) { done, total in
            try context.progress(detail, done, total)
        }
        let reports = outputs.indices.map {
            QuantizationReport(outputs[$0].plan, QuantizationOptions(), outcomes[$0], feedback: prepared[$0].records)
        }
        for (output, report) in zip(outputs, reports) {
            for summary in [report.gridSummary, report.feedbackSummary].compactMap({ $0 }) {
                context.remark("\(output.plan.buildType.tag): \(summary)")
            }
        }
        try folder?.remove()
        // Each file is read again for its digest, which may take longer than making it.
        return try outputs.indices.map { $0 }.concurrentMap(threads: context.threads) { index in
            let facts = BuildFile.Facts(outputs[index].plan, reports[index], plans[index].recipe)
            return try StepProduct(files: [outputs[index].path], facts: facts)
        }
    }
}

extension QuantizeStep {
    /// Rounds the tensors that use feedback, for all builds that are due.
    private func feedback(
        _ plans: [QuantizationPlan],
        _ source: any ModelSource,
        _ file: FilePath?,
        _ context: StepContext
    ) throws -> (outcomes: [FeedbackStage.Outcome], folder: FeedbackFolder?) {
        guard let text, let file else { return (plans.map { _ in FeedbackStage.Outcome() }, nil) }
        let stage = try FeedbackStage(settings.feedback, model: file, source: source, plans: plans)
        // The folder is the same whichever builds are due, so that finished work is found again.
        let folder = try context.folder(for: nodes[0]).appending("feedback")
        let (outcomes, kept) = try stage.run(
            try readFile(text.path, limit: ValidateStep.textLimit),
            of: text.path,
            in: folder,
            threads: context.threads,
            progress: context.progress
        )
        return (outcomes, kept)
    }
}

extension BuildFile.Facts {
    /// Creates the facts of a finished quantization.
    fileprivate init(_ plan: QuantizationPlan, _ report: QuantizationReport, _ recipe: RecipeRecord?) {
        self.init(
            type: plan.buildType.tag,
            bitsPerWeight: report.bitsPerWeight,
            fallbacks: report.tensors.compactMap { tensor in
                guard let wanted = tensor.wanted else { return nil }
                return Fallback(tensor: tensor.name, wanted: wanted, got: tensor.type, reason: tensor.reason)
            },
            relativeError: report.relativeError,
            errors: report.tensors.compactMap { tensor in
                tensor.relativeError.map {
                    TensorError(tensor: tensor.name, relativeError: $0, weightedError: tensor.weightedError)
                }
            },
            recipe: recipe
        )
    }
}

extension RecipeRecord {
    /// Creates the record of how a build's types were chosen.
    fileprivate init(_ recipe: Recipe, budget: Int, _ costs: CostFile) {
        self.init(
            budgetBytes: budget,
            ladder: recipe.ladder,
            predictedKld: recipe.predictedKld,
            presetType: recipe.preset?.type,
            presetPredictedKld: recipe.preset?.predictedKld,
            textDigest: costs.origin.textSha256,
            rounding: costs.origin.rounding,
            toolVersion: Edgepipe.version,
            tensors: recipe.tensors.map { tensor in
                .init(name: tensor.name, type: tensor.type, bytes: tensor.bytes, kldShare: tensor.kldShare)
            }
        )
    }
}
