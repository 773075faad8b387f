import BinaryIO
import GGUF
import Safetensors

/// What one family's projector and towers need beside the common steps; one file a family, in `Families/`.
///
/// The reference is `convert_hf_to_gguf.py --mmproj`; an engine loads its file beside a build of the language model.
protocol ProjectorFamily: Sendable {
    /// The names in config.json's `architectures` that belong to the family.
    static var architectures: [String] { get }
    /// What transformers fills in where `vision_config` leaves a setting out, as JSON.
    static var visionDefaults: [String: String] { get }
    /// The same of `audio_config`.
    static var audioDefaults: [String: String] { get }

    /// - Throws: `ConversionProblem` for settings that contradict each other.
    init(_ model: SeeingModel) throws

    var model: SeeingModel { get }

    /// The stacks of layers that the file must hold in full.
    var towers: [Tower] { get throws }
    /// Tensors outside the layers without which no engine loads the file, with their dimensions in GGUF's order; nil stands
    /// for any length.
    var required: [String: [Int?]] { get throws }

    /// The family's hyperparameters behind the general keys, in the reference's order.
    func writeParameters(to metadata: inout Metadata) throws
    /// What becomes of a tensor of the checkpoint; nothing of one that belongs to the language model.
    /// - Throws: `ConversionProblem.unknownTensor` for one of a tower that has no place.
    func outputs(of tensor: SafetensorsTensor) throws -> [ProjectorOutput]
}

extension ProjectorFamily {
    static var audioDefaults: [String: String] { [:] }

    var towers: [Tower] { get throws { [try model.visionTower] } }
}

/// A tensor that is made of one of the checkpoint.
struct ProjectorOutput: Sendable, Equatable {
    enum Storage: Sendable, Equatable {
        /// The type that was asked for, unless its name or its shape says otherwise.
        case asked
        /// Single precision, whatever was asked for.
        case single
        /// Half precision, whatever was asked for.
        case half
    }

    var name: String
    /// Slowest first, as PyTorch has them.
    var dimensions: [Int]
    var edit = TensorEdit()
    var storage = Storage.asked
}

/// A stack of layers whose tensors have names such as `v.blk.0.attn_q.weight`.
struct Tower: Sendable {
    /// Such as `v.blk`.
    let prefix: String
    let layerCount: Int
    /// Elements of a position's state.
    let width: Int
    /// Elements between the two matrices of a network.
    let innerWidth: Int
    /// The norms that stand before a layer's mixer and its network.
    var norms = ["ln1", "ln2"]
}

/// All families whose projectors can be converted.
enum ProjectorFamilies {
    static let all: [any ProjectorFamily.Type] = [
        Gemma3Projector.self, Gemma4Projector.self, LFM2Projector.self, Qwen2VLProjector.self, Qwen3VLProjector.self,
        SmolVLMProjector.self,
    ]

    /// - Throws: `ConversionProblem`: also where the model sees nothing.
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
