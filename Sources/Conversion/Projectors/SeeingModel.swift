import BinaryIO
import GGUF

/// What config.json and the processor's files say of the parts that see and hear.
struct SeeingModel: Sendable {
    /// config.json as it is.
    let json: JSONValue
    /// `vision_config` over transformers' own settings.
    let vision: ModelConfig
    /// `audio_config`, the same way; nil for a model that does not hear.
    let audio: ModelConfig?
    let processor: ProcessorConfig
    /// Elements of the language model's embeddings, into which pictures are projected.
    let textWidth: Int

    /// - Parameters:
    ///   - vision: what transformers fills in, as JSON by key.
    ///   - audio: the same of the part that hears.
    /// - Throws: `ConversionProblem`.
    init(_ folder: HuggingFaceFolder, vision: [String: String], audio: [String: String]) throws {
        json = folder.config.json
        guard let settings = json["vision_config"], settings.object != nil else {
            throw ConversionProblem.missingKey(file: ModelConfig.file, key: "vision_config")
        }
        self.vision = try ModelConfig(settings).filled(with: vision)
        if let settings = json["audio_config"], settings.object?.members.isEmpty == false {
            self.audio = try ModelConfig(settings).filled(with: audio)
        } else {
            self.audio = nil
        }
        processor = try ProcessorConfig(folder)
        textWidth = try folder.config.requiredCount("hidden_size", "n_embd")
    }

    /// Whole settings of the model, outside its parts.
    func integer(_ key: String, standard: Int) throws -> Int {
        guard let value = json[key], !value.isNull else { return standard }
        guard let integer = value.integer, (1...Int(UInt16.max)).contains(integer) else {
            throw ConversionProblem.invalidValue(file: ModelConfig.file, key: key, expected: "a whole number, 1 or more")
        }
        return integer
    }

    var visionWidth: Int { get throws { try vision.requiredCount("hidden_size", "width") } }

    var visionTower: Tower {
        get throws {
            Tower(
                prefix: "v.blk",
                layerCount: try vision.requiredCount("num_hidden_layers", "depth"),
                width: try visionWidth,
                innerWidth: try vision.requiredCount("intermediate_size")
            )
        }
    }

    /// Pixels of a side of a patch.
    var patchSize: Int { get throws { try vision.requiredCount("patch_size") } }

    /// Patches of a picture of the one size that a tower sees.
    /// - Throws: `ConversionProblem.invalidValue` for a size that is no multiple of a patch's.
    var patchCount: Int {
        get throws {
            let (size, patch) = (try vision.requiredCount("image_size"), try patchSize)
            guard size.isMultiple(of: patch) else {
                throw ConversionProblem.invalidValue(
                    file: ModelConfig.file,
                    key: "image_size",
                    expected: "a multiple of 'patch_size', \(patch)"
                )
            }
            return (size / patch) * (size / patch)
        }
    }

    /// The keys that all towers that see have.
    /// - Parameters:
    ///   - imageSize: pixels of a side of the picture; towers that take any size have one for engines to begin with.
    ///   - tower: the layers, whose count stands in the file.
    func writeVision(to metadata: inout Metadata, imageSize: Int, _ tower: Tower) throws {
        let heads = try vision.requiredCount("num_attention_heads", "num_heads")
        metadata.set("clip.has_vision_encoder", .bool(true))
        let prefix = "clip.vision"
        for (key, value) in [
            ("projection_dim", textWidth), ("image_size", imageSize), ("patch_size", try patchSize),
            ("embedding_length", tower.width), ("feed_forward_length", tower.innerWidth),
            ("block_count", tower.layerCount), ("attention.head_count", heads),
        ] {
            metadata.set("\(prefix).\(key)", .uint32(UInt32(value)))
        }
        metadata.set("\(prefix).image_mean", .array(.float32(try processor.channels("image_mean"))))
        metadata.set("\(prefix).image_std", .array(.float32(try processor.channels("image_std"))))
    }

    /// The term that keeps layer norms from dividing by zero.
    static func writeEpsilon(_ epsilon: Double, to metadata: inout Metadata, _ prefix: String = "clip.vision") {
        metadata.set("\(prefix).attention.layer_norm_epsilon", .float32(Float(epsilon)))
    }
}
