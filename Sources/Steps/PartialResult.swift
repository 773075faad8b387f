import BinaryIO
import Foundation
import GGUF
import Registry
import SystemPackage

/// The file of what a run has collected so far, beside the one that is to be: `OUTPUT.part`.
///
/// It names the run that it belongs to by a digest of everything that decides the result, so that only the same command
/// goes on with it.
struct PartialResult {
    let path: FilePath
    /// A key and a text that tell whose the file is.
    let note: (key: String, text: String)
    private var lastSaved = ContinuousClock.now

    private static let interval = Duration.seconds(30)

    /// - Parameters:
    ///   - kind: what the run makes.
    ///   - settings: what decides the result beside program and model.
    /// - Throws: `FileError` where the model is not there.
    init(of output: FilePath, kind: String, model: FilePath, settings: [String]) throws {
        path = FilePath(output.string + ".part")
        // Reading a large model for its digest takes longer than many a window; its size and time tell as much.
        guard let status = FileStatus(model) else {
            throw FileError("open", model, errno: .noSuchFileOrDirectory)
        }
        let parts = [Edgepipe.version, model.string, "\(status.byteCount)", "\(status.modified)"] + settings
        let run = SHA256Digest(of: parts.map { "\($0.utf8.count):\($0)\n" }.joined().utf8)
        note = ("edgepipe.\(kind).run", "\(run)")
    }

    /// The file that a run of the same command left; nil where there is none.
    func open() -> GGUFFile? {
        guard FileStatus(path) != nil, let file = try? GGUFFile(path: path),
            case .string(note.text)? = file.metadata[note.key]
        else { return nil }
        return file
    }

    /// Whether it is time to save again.
    var isDue: Bool { ContinuousClock.now - lastSaved >= Self.interval }

    mutating func wasSaved() { lastSaved = .now }

    func remove() { try? FileManager.default.removeItem(atPath: path.string) }
}
