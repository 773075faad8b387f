import BinaryIO
import GGUF

/// The settings of the vision and audio parts, from config.json and the processor's files.
struct SeeingModel: Sendable {
    /// The whole config.json.
    let json: JSONValue
    /// `vision_config`, with transformers' defaults.
    let vision: ModelConfig
    /// `audio_config`, with transformers' defaults; nil for a model without an audio part.
    let audio: ModelConfig?
    let processor: ProcessorConfig
    /// Elements of the language model's embeddings, which pictures are projected to.
    let textWidth: Int

    /// - Parameters:
    ///   - vision: the defaults of transformers for the vision part, as JSON by key.
    ///   - audio: the defaults of transformers for the audio part, as JSON by key.
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

    /// An integer setting of the model outside its parts.
    func integer(_ key: String, standard: Int) throws -> Int {
        guard let value = json[key], !value.isNull else { return standard }
        guard let integer = value.integer, (1...Int(UInt16.max)).contains(integer) else {
            throw ConversionProblem.invalidValue(
                file: ModelConfig.file,
                key: key,
                expected: "a whole number, 1 or more"
            )
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

    /// The side of a patch, in pixels.
    var patchSize: Int { get throws { try vision.requiredCount("patch_size") } }

    /// The number of whole patches of a picture, for a tower with a single picture size.
    /// - Throws: `ConversionProblem.invalidValue` for a picture smaller than a patch.
    var patchCount: Int {
        get throws {
            let (size, patch) = (try vision.requiredCount("image_size"), try patchSize)
            guard size >= patch else {
                throw ConversionProblem.invalidValue(
                    file: ModelConfig.file,
                    key: "image_size",
                    expected: "'patch_size', \(patch), or more"
                )
            }
            return (size / patch) * (size / patch)
        }
    }

    /// Writes the keys that all vision towers have.
    /// - Parameters:
    ///   - imageSize: the side of a picture, in pixels; for towers that accept any size, the initial size in engines.
    ///   - tower: the layers, whose number is written.
    ///   - heads: the number of attention heads; nil for that in config.json.
    func writeVision(to metadata: inout Metadata, imageSize: Int, _ tower: Tower, heads: Int? = nil) throws {
        let heads = try heads ?? vision.requiredCount("num_attention_heads", "num_heads")
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

    /// Writes the keys that all audio towers have.
    func writeAudio(to metadata: inout Metadata, _ tower: Tower, heads: Int) {
        metadata.set("clip.has_audio_encoder", .bool(true))
        for (key, value) in [
            ("projection_dim", textWidth), ("embedding_length", tower.width), ("feed_forward_length", tower.innerWidth),
            ("block_count", tower.layerCount), ("attention.head_count", heads),
        ] {
            metadata.set("clip.audio.\(key)", .uint32(UInt32(value)))
        }
    }

    /// Writes the term that keeps layer norms from dividing by zero.
    static func writeEpsilon(_ epsilon: Double, to metadata: inout Metadata, _ prefix: String = "clip.vision") {
        metadata.set("\(prefix).attention.layer_norm_epsilon", .float32(Float(epsilon)))
    }
}
