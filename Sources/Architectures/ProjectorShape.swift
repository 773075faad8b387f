import GGUF
import SystemPackage

/// The shape of a projector from its file's metadata: the width and number of the embeddings that it makes of a
/// picture.
public struct ProjectorShape: Sendable, Equatable {
    /// The number of tokens of a language model's context that a picture takes.
    public enum ImageTokens: Sendable, Equatable {
        /// This many tokens, whatever the picture's size.
        case perImage(Int)
        /// This many tokens for each tile of `side` pixels, and for a tile that shows the whole picture.
        case perTile(Int, side: Int)
        /// A token for each square of `side` pixels, after an engine has scaled the picture.
        case perSquare(side: Int)

        /// The number in words.
        public var description: String {
            switch self {
            case .perImage(let count): "an image takes \(count) tokens"
            case .perTile(let count, let side):
                "an image takes \(count) tokens for each tile of \(side) x \(side) pixels, and \(count) for one of the whole"
            case .perSquare(let side): "an image takes a token for each \(side) x \(side) pixels"
            }
        }
    }

    /// Elements of its output embeddings, as wide as those of the language model.
    public let width: Int
    /// The tokens of a picture; nil if the file only has an audio part, or is of an unlisted kind.
    public let imageTokens: ImageTokens?
    /// The vision tower; nil if the file only has an audio part, or is of an unlisted kind.
    public let tower: ProjectorTower?

    /// - Throws: `GGUFProblem` if the file is not a projector, or if keys are missing or of another type;
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

    /// Reads the shape from a file, which errors name.
    /// - Throws: `GGUFError`, `ShapeError`.
    public init(of file: GGUFFile) throws { try self.init(file.metadata, file.tensors, of: file.path) }

    /// Reads the shape from the metadata of a file that may not be written yet; errors name the file.
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

    /// The number of tokens, as llama.cpp's `clip_n_output_tokens` computes it.
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
        // The value is a side, a width or a factor; products stay far from overflow.
        guard (1...(1 << 20)).contains(value) else {
            throw ShapeProblem.badValue(key: key, value: "\(value)", expected: "1 to \(1 << 20)")
        }
        return value
    }
}
