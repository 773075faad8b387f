import BinaryIO
import BlockFormats
import Foundation
import GGUF
import Quantization
import Registry
import SystemPackage

/// What an importance matrix has collected so far, in a file beside the one that is to be: `OUTPUT.part`.
///
/// The file names the run that it belongs to by a digest of everything that decides the sums, so that only the same
/// command goes on with it.
struct SavedImportance {
    let path: FilePath
    private let run: SHA256Digest
    private var lastSaved = ContinuousClock.now

    private static let key = "edgepipe.imatrix.run"
    private static let interval = Duration.seconds(30)

    init(of request: ImportanceRequest, text: [UInt8], output: FilePath) throws {
        path = FilePath(output.string + ".part")
        // Reading a large model for its digest takes longer than many a window; its size and time tell as much.
        guard let model = FileStatus(request.model) else {
            throw FileError("open", request.model, errno: .noSuchFileOrDirectory)
        }
        let settings = request.settings
        let parts = [
            Edgepipe.version, request.model.string, "\(model.byteCount)", "\(model.modified)",
            "\(SHA256Digest(of: text))", settings.text, "\(settings.context)",
            "\(settings.chunks ?? 0)", "\(settings.parsesSpecial)", "\(settings.includesOutput)",
            try Kernels.selected().rawValue,
        ]
        run = SHA256Digest(of: parts.map { "\($0.utf8.count):\($0)\n" }.joined().utf8)
    }

    /// What a run of the same command left; nil where there is nothing that could be used.
    func load() -> ImportanceSums? {
        guard FileStatus(path) != nil, let file = try? GGUFFile(path: path),
            case .string("\(run)") = file.metadata[Self.key]
        else { return nil }
        return try? ImportanceSums(path: path)
    }

    var isDue: Bool { ContinuousClock.now - lastSaved >= Self.interval }

    mutating func save(_ sums: ImportanceSums) throws {
        try sums.write(to: path, as: .gguf, note: (Self.key, "\(run)"))
        lastSaved = .now
    }

    func remove() { try? FileManager.default.removeItem(atPath: path.string) }
}
