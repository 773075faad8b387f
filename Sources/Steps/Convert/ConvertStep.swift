import Architectures
import BinaryIO
import Conversion
import GGUF
import Inference
import Pipeline
import Registry
import SystemPackage
import Tensors

/// Converts a Hugging Face folder to GGUF, or a GGUF file to another precision.
struct ConvertStep: BuildMaker {
    /// Increased whenever the same model would give a different file.
    static let version = 2

    let id: String
    let settings: ConvertSettings
    let source: SourceCheckpoint
    /// The conversion to write.
    let work: ConversionWork
    let memory: StepMemory
    /// The only product: the file, or, if no file is kept, the fact that the model is usable.
    let node: StepNode

    /// Reads the model's headers.
    init(_ id: String, _ settings: ConvertSettings, _ source: SourceCheckpoint) throws {
        self.id = id
        self.source = source
        self.settings = settings
        node = Self.node(id, settings, source)
        work = try ConversionWork(source.path, repository: source.repository, source.adapters, settings)
        memory = StepMemory(work.model)
        guard settings.keepsFile || settings.type == nil || !work.isOfFile else {
            throw StepsError.badRequest(
                "a GGUF file is quantized as it is where 'keep' is false. Leave out 'type', or keep the file."
            )
        }
    }

    let kind = ConvertSettings.kind
    let needs: [String] = []

    var nodes: [StepNode] { [node] }

    /// Returns the node of the only product.
    private static func node(_ id: String, _ settings: ConvertSettings, _ source: SourceCheckpoint) -> StepNode {
        var entries = [
            "type": settings.type?.rawValue ?? "auto", "pre": settings.preTokenizer ?? "",
            // The model's name becomes part of the file's metadata.
            "name": source.modelName,
        ]
        if !settings.keepsFile { entries["keep"] = "false" }
        if settings.allowsNonFinite { entries["allowNonFinite"] = "true" }
        if let padding = settings.padding { entries["padVocab"] = padding.description }
        if settings.includesDenseModules { entries["denseModules"] = "true" }
        let key = StepKey(
            kind: ConvertSettings.kind,
            version: version,
            settings: entries,
            inputs: ["source": .file(source.digest)]
        )
        return StepNode(StepNode.Name(step: id), key)
    }

    var builds: [PlannedBuild] {
        let weights = work.tensors.elementCount
        return [PlannedBuild(type: work.typeName, node: node, weights: weights)]
    }

    var modelKind: ModelKind? { try? ModelKind(work.model.metadata) }

    func byteCounts(of types: [String]) -> [Int] { types.map { _ in work.byteCount } }

    func lineage(of node: StepNode, _ context: StepContext) -> [LineageEdge] {
        LineageEdge.edges(from: [source.digest], to: node, context)
    }

    func forecast(_ nodes: [StepNode], threads: Int) -> Forecast {
        guard settings.keepsFile else { return Forecast(peakMemoryBytes: memory.looking) }
        // Decoded weights and their encoded form.
        var forecast = Forecast(peakMemoryBytes: memory.slabs(threads: threads, bytes: 4 + work.bitsPerWeight / 8))
        forecast.outputs = [Forecast.Output(name: work.typeName, bytes: work.byteCount)]
        forecast.work = Forecast.Work(Double(work.byteCount), speed: Throughput.copying)
        return forecast
    }

    func run(_ nodes: [StepNode], _ context: StepContext) throws -> [StepProduct] {
        // Otherwise hours of quantization would be wasted.
        try LoadingCheck.require(work.model)
        work.notes.forEach(context.remark)
        // If no file is written, the next step reads the source itself.
        guard settings.keepsFile else { return [try StepProduct(facts: "\(node.key.digest)", outputs: [])] }
        let path = try context.folder(for: node).appending("\(work.typeName).gguf")
        try work.write(to: path, threads: context.threads) { try context.progress("converting", $0, $1) }
        let facts = BuildFile.Facts(type: work.typeName, bitsPerWeight: work.bitsPerWeight)
        return [try StepProduct(files: [path], facts: facts)]
    }
}
