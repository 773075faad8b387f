import BinaryIO
import GGUF
import Safetensors

/// What one family's projector and towers need beyond the common steps; one file per family, in `Families/`.
///
/// The reference is `convert_hf_to_gguf.py --mmproj`; an engine loads its file beside a build of the language model.
protocol ProjectorFamily: Sendable {
    /// The names in config.json's `architectures` that belong to the family.
    static var architectures: [String] { get }
    /// The defaults of transformers for settings that `vision_config` leaves out, as JSON.
    static var visionDefaults: [String: String] { get }
    /// The defaults of transformers for settings that `audio_config` leaves out, as JSON.
    static var audioDefaults: [String: String] { get }

    /// - Throws: `ConversionProblem` for settings that contradict each other.
    init(_ model: SeeingModel) throws

    var model: SeeingModel { get }

    /// The stacks of layers that the file must contain completely.
    var towers: [Tower] { get throws }
    /// Tensors outside the layers that engines require, with their dimensions in GGUF's order; nil stands for any
    /// length.
    var required: [String: [Int?]] { get throws }

    /// Writes the family's hyperparameters after the general keys, in the reference's order.
    func writeParameters(to metadata: inout Metadata) throws
    /// The outputs for a tensor of the checkpoint; empty for a tensor of the language model.
    /// - Throws: `ConversionProblem.unknownTensor` for an unknown tensor of a tower.
    func outputs(of tensor: SafetensorsTensor) throws -> [ProjectorOutput]
}

extension ProjectorFamily {
    static var audioDefaults: [String: String] { [:] }

    var towers: [Tower] { get throws { [try model.visionTower] } }
}

/// An output tensor made from a tensor of the checkpoint.
struct ProjectorOutput: Sendable, Equatable {
    enum Storage: Sendable, Equatable {
        /// The requested type, unless the name or the shape requires another.
        case asked
        /// Single precision for any requested type.
        case single
        /// Half precision for any requested type.
        case half
    }

    var name: String
    /// The dimensions, slowest first as in PyTorch.
    var dimensions: [Int]
    var edit = TensorEdit()
    var storage = Storage.asked
}

/// A stack of layers whose tensors have names such as `v.blk.0.attn_q.weight`.
struct Tower: Sendable {
    /// The prefix of its names, such as `v.blk`.
    let prefix: String
    let layerCount: Int
    /// Elements of a position's state.
    let width: Int
    /// Elements between the two matrices of a network.
    let innerWidth: Int
    /// The norms before a layer's mixer and its network.
    var norms = ["ln1", "ln2"]
}

/// All families whose projectors can be converted.
enum ProjectorFamilies {
    static let all: [any ProjectorFamily.Type] = [
        Gemma3Projector.self, Gemma4Projector.self, Gemma4UnifiedProjector.self, LFM2Projector.self,
        Qwen2VLProjector.self, Qwen3VLProjector.self, SmolVLMProjector.self,
    ]

    /// - Throws: `ConversionProblem`, also for a model without a vision part.
    static func family(for folder: HuggingFaceFolder) throws -> any ProjectorFamily {
        let config = folder.config.json
        let names = config["vision_config"]?["architectures"]?.array ?? config["architectures"]?.array
        guard let name = names?.first?.string else {
            throw ConversionProblem.missingKey(file: ModelConfig.file, key: "architectures")
        }
        guard let type = all.first(where: { $0.architectures.contains(name) }) else {
            throw ConversionProblem.unsupportedProjector(name, supported: all.flatMap { $0.architectures }.sorted())
        }
        return try type.init(SeeingModel(folder, vision: type.visionDefaults, audio: type.audioDefaults))
    }
}
