import BinaryIO
import Conversion
import Quantization
import Settings
import SystemPackage
import Tensors

/// A pipeline file, read and checked: every reference leads to an earlier step, every name is known.
public struct PipelineDefinition: Sendable {
    public let name: String
    /// The version that the builds are published under.
    public let version: String
    /// Where the model comes from, as the file says it.
    public let source: String
    public let license: String
    /// Adapters that are merged into the model: paths as the file writes them, and their shares.
    public let adapters: [ModelAdapter]
    /// What the model is for, beside what its own file says.
    public let tags: [String]
    public let steps: [Step]
    /// The file itself; paths in it start from its folder.
    public let path: FilePath
    /// SHA-256 of the file with its overrides, which tells one version of a pipeline from another.
    public let digest: SHA256Digest

    public var folder: FilePath { path.removingLastComponent() }

    /// A path as the pipeline file writes it, from that file's folder.
    func path(_ text: String) -> FilePath { folder.pushing(FilePath(text)).lexicallyNormalized() }

    /// One step: what it is called, and what it does.
    public struct Step: Sendable, Identifiable {
        public let id: String
        public let action: StepAction
        public let place: SourcePlace
    }

    public func step(_ id: String) -> Step? { steps.first { $0.id == id } }
}

/// What a step does, with the options of its kind.
public enum StepAction: Sendable {
    case convert(ConvertOptions)
    case imatrix(ImatrixOptions)
    case quantize(QuantizeOptions)
    case validate(ValidateOptions)
    case fit(FitOptions)
    case publish(PublishOptions)

    public var kind: StepKind {
        switch self {
        case .convert: .convert
        case .imatrix: .imatrix
        case .quantize: .quantize
        case .validate: .validate
        case .fit: .fit
        case .publish: .publish
        }
    }

    /// The earlier steps whose products this one takes.
    public var needs: [String] {
        switch self {
        case .convert: []
        case .imatrix(let options): [options.model]
        case .quantize(let options): [options.model] + (options.imatrix?.step.map { [$0] } ?? [])
        case .validate(let options): [options.builds] + (options.against.map { [$0] } ?? [])
        case .fit(let options): [options.builds]
        case .publish(let options): [options.builds]
        }
    }
}

/// The kinds of steps, by the key that introduces them.
public enum StepKind: String, CaseIterable, Codable, Sendable {
    case convert, imatrix, quantize, validate, fit, publish
}

/// Hugging Face folder to GGUF.
public struct ConvertOptions: Sendable {
    /// nil keeps the checkpoint's own precision.
    public var type: ConvertedType?
    public var preTokenizer: String?
    /// Whether the file is written. Quantizing needs none: it takes the weights as they are converted.
    public var keepsFile = true
}

/// An importance matrix of a model on a text.
public struct ImatrixOptions: Sendable {
    public var model: String
    /// As the pipeline file writes its path.
    public var text: String
    public var context = 512
    public var chunks: Int?
    public var parsesSpecial = false
    public var includesOutput = false
}

/// Where an importance matrix comes from.
public enum MatrixReference: Sendable, Equatable {
    /// A file, as the pipeline file writes its path.
    case file(String)
    case step(String)

    var step: String? { if case .step(let id) = self { id } else { nil } }
}

/// One GGUF file to several smaller ones.
public struct QuantizeOptions: Sendable {
    public var model: String
    public var types: [FileType]
    public var imatrix: MatrixReference?
    public var options = QuantizationOptions()
}

/// Quality on a text, and what it must reach.
public struct ValidateOptions: Sendable {
    public var builds: String
    public var text: String
    public var context = 512
    public var chunks: Int?
    public var against: String?
    /// Multiple-choice tasks to answer too, as the pipeline file writes their path.
    public var tasks: String?
    /// By build type, such as "q4_k_m".
    public var gates: [String: QualityGate] = [:]

    /// A model that was converted to its own precision has its gate under `auto`, for its type shows only later.
    func gate(for type: String) -> QualityGate? { gates[type] ?? gates["auto"] }
}

/// What a build must reach to be published.
public struct QualityGate: Sendable, Codable, Equatable {
    /// Largest increase of perplexity over the model it is compared with, in percent.
    public var maxPerplexityIncrease: Double?
    public var maxPerplexity: Double?
    public var maxBitsPerByte: Double?
    /// Nats per token.
    public var maxMeanKLD: Double?
    /// In percent.
    public var minSameTop: Double?
    public var minAccuracy: Double?

    /// Whether the gate needs a model to compare with.
    var needsBase: Bool { maxPerplexityIncrease != nil || maxMeanKLD != nil || minSameTop != nil }
}

/// Memory, speed, heat and battery on phones.
public struct FitOptions: Sendable {
    public var builds: String
    public var context = 4096
    public var kvType = "f16"
    /// Devices by id; all of the catalogue where there are none.
    public var devices: [String] = []
}

/// Into the registry.
public struct PublishOptions: Sendable {
    public var builds: String
    public var channel: String?
}
