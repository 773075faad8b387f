import BinaryIO
import Conversion
import GGUF
import Pipeline
import Quantization
import SystemPackage
import Tensors

/// A conversion to be written: a Hugging Face folder converted by its family's rules, or a GGUF file whose numbers get
/// another precision, as in llama-quantize, or into which adapters are merged.
struct ConversionWork {
    private enum Form {
        case conversion(ConversionPlan, inputs: [FilePath])
        case file(GGUFModel, QuantizationPlan)
    }

    private let form: Form
    private let settings: ConvertSettings

    /// Reads the model's headers.
    /// - Parameters:
    ///   - path: a folder or a GGUF file.
    ///   - repository: owner/name of a Hub model.
    ///   - adapters: merged in this order.
    init(
        _ path: FilePath,
        repository: String?,
        _ adapters: [AdapterReference],
        _ settings: ConvertSettings
    ) throws {
        self.settings = settings
        guard FileStatus(path)?.isFolder == false else {
            let folder = try HuggingFaceFolder(path: path, repository: repository)
            let plan = try ConversionPlan(folder, options: settings.options(merging: adapters))
            form = .conversion(plan, inputs: folder.inputs)
            return
        }
        guard settings.preTokenizer == nil, settings.padding == nil else {
            throw StepsError.badRequest(
                "\(setting: "pre") and \(setting: "pad-vocab") are for Hugging Face folders; \(path) is a file."
            )
        }
        let model = try GGUFModel(path: path)
        guard adapters.isEmpty else {
            let plan = try ConversionPlan(model, merging: adapters, options: settings.options(merging: []))
            form = .conversion(plan, inputs: model.inputs)
            return
        }
        var options = QuantizationOptions()
        options.copiesOnly = settings.type == nil
        let type = settings.type.flatMap { FileType(name: $0.rawValue) } ?? .f32
        form = .file(model, try QuantizationPlan(model, as: type, options: options))
    }

    /// Plans the vision and audio projector of a Hugging Face model instead of its language model.
    init(projectorOf path: FilePath, repository: String?, _ settings: ConvertSettings) throws {
        self.settings = settings
        let folder = try HuggingFaceFolder(path: path, repository: repository)
        let plan = try ConversionPlan(
            projectorOf: folder,
            type: settings.type,
            allowsNonFinite: settings.allowsNonFinite
        )
        form = .conversion(plan, inputs: folder.projectorInputs)
    }

    /// Whether the model is a file whose numbers are only copied or rounded.
    var isOfFile: Bool { if case .file = form { true } else { false } }

    /// The files that are read, without adapters.
    var inputs: [FilePath] {
        switch form {
        case .conversion(_, let inputs): inputs
        case .file(let model, _): model.inputs
        }
    }

    /// Remarks about a model that can be converted.
    var notes: [String] { if case .conversion(let plan, _) = form { plan.notes } else { [] } }

    /// The model as it is in the file, or as it would be after conversion.
    var model: any ModelSource {
        switch form {
        case .conversion(let plan, let inputs): ConvertedModel(plan, inputs: inputs)
        case .file(let model, _): model
        }
    }

    /// The output's type as written in build names: the precision, or the mix that a quantized file declares.
    var typeName: String {
        switch form {
        case .conversion(let plan, _): plan.type.rawValue
        case .file(let model, _): settings.type?.rawValue ?? Self.mix(of: model) ?? Self.precision(of: model)
        }
    }

    /// The size of the output file, in bytes.
    var byteCount: Int {
        switch form {
        case .conversion(let plan, _): plan.layout.byteCount
        case .file(_, let plan): plan.byteCount
        }
    }

    /// The tensors of the output file.
    var tensors: [GGUFTensor] {
        switch form {
        case .conversion(let plan, _): plan.layout.tensors
        case .file(_, let plan): plan.tensors.map(\.target)
        }
    }

    /// The average over all weights.
    var bitsPerWeight: Double { Double(tensors.byteCount) * 8 / Double(max(1, tensors.elementCount)) }

    /// The declared mix of a file that is used unchanged; nil if it declares none.
    private static func mix(of model: GGUFModel) -> String? {
        let number = (try? model.metadata.integer("general.file_type")) ?? nil
        return number.flatMap { UInt32(exactly: $0) }.flatMap(FileType.init(rawValue:))?.tag
    }

    /// The type of the first matrix, which nearly all others share.
    private static func precision(of model: GGUFModel) -> String {
        (model.tensors.first { $0.shape.dimensions.count > 1 }?.type ?? .f32).name.lowercased()
    }

    /// - Throws: the errors of the modules below; then no file appears at `path`.
    func write(to path: FilePath, threads: Int, progress: @escaping Converter.Progress) throws {
        switch form {
        case .conversion(let plan, _):
            try Converter(plan).run(to: path, threads: threads, progress: progress)
        case .file(let model, let plan):
            if let obstacle = plan.obstacle { throw obstacle }
            let output = Quantizer.Output(plan: plan, path: path)
            try Quantizer(source: model, outputs: [output]).run(threads: threads, progress: progress)
        }
    }
}
