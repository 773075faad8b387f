import BinaryIO
import BlockFormats
import Quantization
import SystemPackage

/// The partial sums of an importance matrix, in a file beside the output.
struct SavedImportance {
    private var file: PartialResult

    var path: FilePath { file.path }

    init(of request: ImportanceRequest, text: [UInt8], output: FilePath) throws {
        let settings = request.settings
        file = try PartialResult(
            of: output,
            kind: "imatrix",
            model: request.model,
            settings: [
                "\(SHA256Digest(of: text))", settings.text, "\(settings.context)",
                "\(settings.chunks ?? 0)", "\(settings.parsesSpecial)", "\(settings.includesOutput)",
                try Kernels.selected().rawValue,
            ]
        )
    }

    /// Reads the partial result of an earlier run of the same command; nil if there is none that can be used.
    func load() -> ImportanceSums? { file.open() == nil ? nil : try? ImportanceSums(path: path) }

    var isDue: Bool { file.isDue }

    mutating func save(_ sums: ImportanceSums) throws {
        try sums.write(to: path, as: .gguf, note: file.note)
        file.wasSaved()
    }

    func remove() { file.remove() }
}
