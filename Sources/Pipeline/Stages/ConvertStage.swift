import BinaryIO
import Conversion
import GGUF
import SystemPackage
import Tensors

/// Hugging Face folder to GGUF.
struct ConvertStage: Stage {
    /// Raised whenever the same checkpoint would give another file.
    static let version = 1

    let source: SourceCheckpoint
    let options: ConvertOptions
    private let plan: ConversionPlan

    init(_ source: SourceCheckpoint, _ options: ConvertOptions) throws {
        self.source = source
        self.options = options
        plan = try ConversionPlan(
            try HuggingFaceFolder(path: source.folder, repository: source.repository),
            options: ConversionOptions(type: options.type, preTokenizer: options.preTokenizer)
        )
    }

    var key: StepKey {
        StepKey(
            kind: .convert,
            version: Self.version,
            // The model's name becomes part of the file's metadata.
            options: [
                "type": options.type?.rawValue ?? "auto", "pre": options.preTokenizer ?? "",
                "name": source.repository ?? source.folder.lastComponent?.string ?? "",
            ],
            inputs: ["source": source.digest]
        )
    }

    func forecast(threads: Int) -> Forecast {
        let bytes = plan.layout.byteCount
        var forecast = Forecast(
            outputs: [.init(name: plan.type.rawValue, bytes: bytes)],
            peakMemoryBytes: Throughput.fixedMemory + threads * Throughput.slabMemory
        )
        forecast.setTime(work: Double(bytes), speed: Throughput.copying)
        return forecast
    }

    func run(_ context: StageContext) throws -> StepProduct {
        try makeFolder(context.folder)
        let path = context.folder.appending("\(plan.type.rawValue).gguf")
        try Converter(plan).run(to: path, threads: context.threads) { done, total in
            try context.progress("converting", done, total)
        }
        let weights = plan.layout.tensors.reduce(0) { $0 + $1.shape.elementCount }
        let bytes = plan.layout.tensors.reduce(0) { $0 + $1.byteCount }
        let bits = Double(bytes) * 8 / Double(max(1, weights))
        return .files([try BuildFile(type: plan.type.rawValue, path: path, bitsPerWeight: bits)])
    }
}
