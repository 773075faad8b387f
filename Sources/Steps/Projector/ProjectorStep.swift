import Architectures
import BinaryIO
import Conversion
import GGUF
import Pipeline
import Registry
import SystemPackage
import Tensors

/// Makes the vision and audio projector, the file that engines load with a build of the language model.
struct ProjectorStep: BuildMaker {
    /// Increased whenever the same model would give a different file.
    static let version = 1

    let id: String
    /// The source of the projector: the checkpoint, or the file.
    let origin: SHA256Digest
    /// The conversion to write.
    let work: ConversionWork
    let memory: StepMemory
    /// The only product: the file.
    let node: StepNode

    let kind = ProjectorSettings.kind
    let needs: [String] = []
    /// A projector gives no output by itself.
    let modelKind: ModelKind? = nil
    var nodes: [StepNode] { [node] }

    /// Reads the model's headers.
    init(_ id: String, _ settings: ProjectorSettings, on bench: Workbench) throws {
        self.id = id
        let source = bench.source
        var conversion = ConvertSettings()
        conversion.type = settings.type
        var inputs: [String: StepKey.Input] = [:]
        var name = ""
        if let file = settings.file {
            let path = bench.path(file)
            work = try ConversionWork(path, repository: nil, [], conversion)
            origin = try bench.digest(of: path)
        } else {
            guard !source.isFile else {
                throw StepsError.badRequest(
                    "\(source.path) is a file, in which nothing is left of what the model sees with. Name the projector's own "
                        + "\(setting: "file"), or start from the Hugging Face folder."
                )
            }
            work = try ConversionWork(projectorOf: source.path, repository: source.repository, conversion)
            origin = source.digest
            for path in try HuggingFaceFolder(path: source.path).processorInputs {
                inputs[path.lastComponent?.string ?? ""] = try bench.file(path)
            }
            // The model's name becomes part of the file's metadata.
            name = source.modelName
        }
        memory = StepMemory(work.model)
        inputs["source"] = .file(origin)
        let key = StepKey(
            kind: kind,
            version: Self.version,
            settings: ["type": settings.type?.rawValue ?? "own", "name": name],
            inputs: inputs
        )
        node = StepNode(StepNode.Name(step: id), key)
        _ = try ProjectorShape(work.model.metadata, work.model.tensors, of: work.model.path)
    }

    /// The type of the build as written in its name.
    var type: String { BuildName.projectorPrefix + work.typeName }

    var builds: [PlannedBuild] { [PlannedBuild(type: type, node: node, weights: work.tensors.elementCount)] }

    func byteCounts(of types: [String]) -> [Int] { types.map { _ in work.byteCount } }

    func lineage(of node: StepNode, _ context: StepContext) -> [LineageEdge] {
        LineageEdge.edges(from: [origin], to: node, context)
    }

    func forecast(_ nodes: [StepNode], threads: Int) -> Forecast {
        Forecast(
            outputs: [Forecast.Output(name: type, bytes: work.byteCount)],
            peakMemoryBytes: memory.slabs(threads: threads, bytes: 4 + work.bitsPerWeight / 8),
            work: Forecast.Work(Double(work.byteCount), speed: Throughput.copying)
        )
    }

    func run(_ nodes: [StepNode], _ context: StepContext) throws -> [StepProduct] {
        work.notes.forEach(context.remark)
        let path = try context.folder(for: node).appending("\(type).gguf")
        try work.write(to: path, threads: context.threads) { try context.progress("converting", $0, $1) }
        return [try StepProduct(files: [path], facts: BuildFile.Facts(type: type, bitsPerWeight: work.bitsPerWeight))]
    }
}
