import BinaryIO
import Foundation
import GGUF
import Registry
import SystemPackage

/// The partial result of a run, in a file beside the output: `OUTPUT.part`.
///
/// It names its run by a digest of everything that decides the result, so only the same command resumes from it.
struct PartialResult {
    let path: FilePath
    /// A key and a text that identify the run.
    let note: (key: String, text: String)
    private var lastSaved = ContinuousClock.now

    private static let interval = Duration.seconds(30)

    /// - Parameters:
    ///   - kind: the kind of result.
    ///   - settings: everything that decides the result besides program and model.
    /// - Throws: `FileError` if the model does not exist.
    init(of output: FilePath, kind: String, model: FilePath, settings: [String]) throws {
        path = FilePath(output.string + ".part")
        // Digesting a large model takes longer than many windows; its size and time identify it well enough.
        guard let status = FileStatus(model) else {
            throw FileError("open", model, errno: .noSuchFileOrDirectory)
        }
        let parts = [Edgepipe.version, model.string, "\(status.byteCount)", "\(status.modified)"] + settings
        let run = SHA256Digest(of: parts.map { "\($0.utf8.count):\($0)\n" }.joined().utf8)
        note = ("edgepipe.\(kind).run", "\(run)")
    }

    /// Opens the file left by a run of the same command; nil if there is none.
    func open() -> GGUFFile? {
        guard FileStatus(path) != nil, let file = try? GGUFFile(path: path),
            case .string(note.text)? = file.metadata[note.key]
        else { return nil }
        return file
    }

    /// Whether the next save is due.
    var isDue: Bool { ContinuousClock.now - lastSaved >= Self.interval }

    mutating func wasSaved() { lastSaved = .now }

    func remove() { try? FileManager.default.removeItem(atPath: path.string) }
}
