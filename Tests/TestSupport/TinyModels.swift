import Conversion
import GGUF
import Quantization
import SystemPackage

/// GGUF files of models/tiny-phi3, made by the project itself.
public final class TinyModels: Sendable {
    private let folder: ScratchFolder

    public init() throws { folder = try ScratchFolder() }

    /// The checkpoint converted to a type.
    public func converted(_ type: ConvertedType) throws -> FilePath {
        let path = folder.path.appending("\(type.rawValue).gguf")
        let source = try HuggingFaceFolder(path: Goldens.packageRoot.appending("models/tiny-phi3"))
        try Converter(try ConversionPlan(source, options: ConversionOptions(type: type))).run(to: path, threads: 2)
        return path
    }

    /// A place for another file, beside them.
    public func scratch(_ name: String) -> FilePath { folder.path.appending(name) }

    /// The metadata of a converted file, for its tokenizer.
    public func metadata() throws -> Metadata { try GGUFFile(path: try converted(.f16)).metadata }

    /// The F16 file, quantized.
    public func quantized(_ type: Quantization.FileType, from source: GGUFFile) throws -> FilePath {
        let path = folder.path.appending("\(type.tag).gguf")
        let source = try GGUFModel(source)
        let plan = try QuantizationPlan(source, as: type)
        try Quantizer(source: source, outputs: [Quantizer.Output(plan: plan, path: path)]).run(threads: 2)
        return path
    }
}
