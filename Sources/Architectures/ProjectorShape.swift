import GGUF
import SystemPackage

/// What the metadata of a projector's file say of it: how wide the embeddings are that it makes of a picture, and how many.
public struct ProjectorShape: Sendable, Equatable {
    /// What a picture takes of a language model's context.
    public enum ImageTokens: Sendable, Equatable {
        /// So many tokens, whatever its size.
        case perImage(Int)
        /// So many tokens for each tile of `side` pixels that it is cut into, and for one that shows all of it.
        case perTile(Int, side: Int)
        /// A token for each square of `side` pixels, of the size that an engine scales it to.
        case perSquare(side: Int)

        /// In words.
        public var description: String {
            switch self {
            case .perImage(let count): "an image takes \(count) tokens"
            case .perTile(let count, let side):
                "an image takes \(count) tokens for each tile of \(side) x \(side) pixels, and \(count) for one of the whole"
            case .perSquare(let side): "an image takes a token for each \(side) x \(side) pixels"
            }
        }
    }

    /// Elements of the embeddings that it makes, which are those of its language model.
    public let width: Int
    /// nil where the file only hears, or is of a kind that this table lacks.
    public let imageTokens: ImageTokens?
    /// nil where the file only hears, or is of a kind that is not known so far.
    public let tower: ProjectorTower?

    /// - Throws: `GGUFProblem` for a file that is no projector's, and for keys that are missing or of another type;
    ///   `ShapeProblem` for values that no projector has.
    public init(_ metadata: Metadata, _ tensors: [GGUFTensor] = []) throws {
        guard try metadata.isProjector else { throw GGUFProblem.notProjector }
        let part = try metadata.bool("clip.has_vision_encoder") == true ? "clip.vision" : "clip.audio"
        width = try Self.whole(metadata, "\(part).projection_dim")
        imageTokens = part == "clip.vision" ? try Self.imageTokens(metadata) : nil
        tower =
            part == "clip.vision" && !tensors.isEmpty
            ? try ProjectorTower(metadata, tensors, kind: Self.kind(metadata), outputWidth: width) : nil
    }

    private static func kind(_ metadata: Metadata) throws -> String {
        let key = "clip.projector_type"
        return try metadata.string(key) ?? metadata.string("clip.vision.projector_type").required(key)
    }

    /// The same of a file, which errors name.
    /// - Throws: `GGUFError`, `ShapeError`.
    public init(of file: GGUFFile) throws { try self.init(file.metadata, file.tensors, of: file.path) }

    /// The same of a file that may not be written yet, which errors name.
    /// - Throws: `GGUFError`, `ShapeError`.
    public init(_ metadata: Metadata, _ tensors: [GGUFTensor], of path: FilePath) throws {
        do {
            try self.init(metadata, tensors)
        } catch let problem as GGUFProblem {
            throw GGUFError(path: path, problem: problem)
        } catch let problem as ShapeProblem {
            throw ShapeError(path: path, problem: problem)
        }
    }

    /// llama.cpp's `clip_n_output_tokens`.
    private static func imageTokens(_ metadata: Metadata) throws -> ImageTokens? {
        let kind = try kind(metadata)
        func scale(_ standard: Int, _ key: String = "clip.vision.projector.scale_factor") throws -> Int {
            metadata[key] == nil ? standard : try whole(metadata, key)
        }
        let (patch, size) = (
            try whole(metadata, "clip.vision.patch_size"), try whole(metadata, "clip.vision.image_size")
        )
        switch kind {
        case "gemma3": return .perImage(square(size / patch / (try scale(4))))
        case "idefics3": return .perTile(square(size / patch / (try scale(1))), side: size)
        case "lfm2": return .perSquare(side: patch * (try scale(2)))
        case "gemma4v", "gemma4uv": return .perSquare(side: patch * (try scale(3)))
        case "qwen2vl_merger", "qwen2.5vl_merger", "qwen3vl_merger": return .perSquare(side: patch * 2)
        default: return nil
        }
    }

    private static func square(_ side: Int) -> Int { side * side }

    static func whole(_ metadata: Metadata, _ key: String) throws -> Int {
        let value = try metadata.integer(key).required(key)
        // A picture's side, a width or a factor; their products stay far from overflowing.
        guard (1...(1 << 20)).contains(value) else {
            throw ShapeProblem.badValue(key: key, value: "\(value)", expected: "1 to \(1 << 20)")
        }
        return value
    }
}
