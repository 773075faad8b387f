import BinaryIO
import GGUF
import SystemPackage
import Tensors

/// An importance matrix of a model on a text.
struct ImatrixStage: Stage {
    /// Raised whenever the same model and text would give another matrix.
    static let version = 1

    /// The step's id, which names the file.
    let id: String
    let model: BuildFile
    let options: ImatrixOptions
    let text: FilePath
    let textDigest: SHA256Digest

    var key: StepKey {
        StepKey(
            kind: .imatrix,
            version: Self.version,
            options: [
                // The matrix names its text, as the pipeline file does.
                "dataset": options.text, "context": "\(options.context)",
                "chunks": options.chunks.map { "\($0)" } ?? "all", "parseSpecial": "\(options.parsesSpecial)",
                "processOutput": "\(options.includesOutput)",
            ],
            inputs: ["model": model.digest, "text": textDigest]
        )
    }

    /// The name of the step's file, which becomes part of the builds that are made with it.
    static func name(of id: String) -> String { "\(id).gguf" }

    func run(_ context: StageContext) throws -> StepProduct {
        try makeFolder(context.folder)
        var request = ImportanceRequest(model: model.path, text: text)
        request.dataset = options.text
        (request.context, request.chunks, request.threads) = (options.context, options.chunks, context.threads)
        (request.parsesSpecial, request.includesOutput) = (options.parsesSpecial, options.includesOutput)
        let output = context.folder.appending(Self.name(of: id))
        _ = try Operations.importanceMatrix(request, to: output, progress: context.progress)
        return .matrix(try MatrixFile(path: output))
    }
}
