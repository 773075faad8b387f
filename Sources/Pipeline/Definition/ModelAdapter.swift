import BinaryIO
import Conversion
import ModelHub
import SystemPackage

/// An adapter to merge, as a pipeline file or a command line names it.
public struct ModelAdapter: Sendable, Equatable {
    /// A folder, or hf://owner/name.
    public var path: String
    /// 1 for the strength that it was trained with.
    public var scale: Float

    init(path: String, scale: Float = 1) {
        self.path = path
        self.scale = scale
    }

    /// Reads `FOLDER` or `FOLDER=SCALE`. A folder with such a name is taken by its name.
    /// - Throws: `PipelineError.badRequest`.
    init(_ text: String) throws {
        guard let split = text.lastIndex(of: "="), fileIdentity(FilePath(text)) == nil else {
            self.init(path: text)
            return
        }
        guard let scale = Float(text[text.index(after: split)...]), scale.isFinite, split != text.startIndex else {
            throw PipelineError.badRequest("--lora '\(text)' is not FOLDER or FOLDER=SCALE, such as my-adapter=0.5.")
        }
        self.init(path: String(text[..<split]), scale: scale)
    }
}

extension AdapterReference {
    /// - Parameter found: where the adapter's files are.
    init(_ adapter: ModelAdapter, _ found: LocatedModel) {
        let repository = found.origin?.repository.split(separator: "/").last
        self.init(folder: found.folder, scale: adapter.scale, name: repository.map(String.init))
    }
}
