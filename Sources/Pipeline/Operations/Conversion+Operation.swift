import BinaryIO
import Conversion
import GGUF
import ModelHub
import SystemPackage
import Tensors

/// Told how far some work is; throws when the user wants to stop.
public typealias WorkProgress = @Sendable (_ detail: String, _ done: Int, _ total: Int) throws -> Void

/// What a conversion wrote.
public struct ConversionReport: Codable, Sendable {
    public var output: String
    public var type: String
    public var bytes: Int
    public var tensors: Int
    public var parameters: Int
}

extension Operations {
    /// The types that a model can be converted to, with `auto` first.
    public static var convertedTypes: [String] { ["auto"] + ConvertedType.allCases.map { $0.rawValue } }

    /// An adapter as a command line names it: a folder, or `FOLDER=SCALE`.
    public static func adapter(_ text: String) throws -> AdapterReference {
        guard let split = text.lastIndex(of: "="), fileIdentity(FilePath(text)) == nil else {
            return AdapterReference(folder: FilePath(text))
        }
        guard let scale = Float(text[text.index(after: split)...]), scale.isFinite, split != text.startIndex else {
            throw PipelineError.badRequest("--lora '\(text)' is not FOLDER or FOLDER=SCALE, such as my-adapter=0.5.")
        }
        return AdapterReference(folder: FilePath(String(text[..<split])), scale: scale)
    }

    /// A Hugging Face folder, or a repository in the local cache, to GGUF.
    /// - Throws: what the rooms throw; nothing appears under `output` then.
    public static func convert(
        _ model: String,
        to output: FilePath,
        type: String,
        preTokenizer: String?,
        adapters: [String] = [],
        adapterOnly: Bool = false,
        threads: Int,
        progress: @escaping WorkProgress
    ) throws -> ConversionReport {
        let chosen = ConvertedType(rawValue: type.lowercased())
        guard chosen != nil || type.lowercased() == "auto" else {
            throw PipelineError.badRequest(
                "'\(type)' is no type to convert to. \(Spelling.advice(for: type, among: convertedTypes))"
            )
        }
        let folder = try HuggingFaceFolder(path: try HubCache().locate(try ModelReference(model)))
        let plan =
            try adapterOnly
            ? adapterPlan(adapters.map(adapter), of: folder, chosen)
            : ConversionPlan(
                folder,
                options: ConversionOptions(type: chosen, preTokenizer: preTokenizer, adapters: adapters.map(adapter))
            )
        try refuse(output, replacing: folder.inputs)
        try checkSpace(for: plan.layout.byteCount, at: output)
        try Converter(plan).run(to: output, threads: threads) { try progress("converting", $0, $1) }
        return ConversionReport(
            output: output.string,
            type: plan.type.rawValue,
            bytes: plan.layout.byteCount,
            tensors: plan.layout.tensors.count,
            parameters: plan.layout.tensors.reduce(0) { $0 + $1.shape.elementCount }
        )
    }

    private static func adapterPlan(
        _ adapters: [AdapterReference],
        of base: HuggingFaceFolder,
        _ type: ConvertedType?
    ) throws -> ConversionPlan {
        guard let adapter = adapters.first, adapters.count == 1, adapter.scale == 1 else {
            throw PipelineError.badRequest(
                "--lora-only takes one --lora FOLDER; its scale is given where it is loaded."
            )
        }
        return try ConversionPlan(adapter: adapter, of: base, type: type ?? .f32)
    }

    /// - Throws: `PipelineError.diskFull`, before anything is written.
    static func checkSpace(for byteCount: Int, at path: FilePath) throws {
        if let free = freeDiskBytes(at: path), free < byteCount {
            throw PipelineError.diskFull(path, needed: byteCount, free: free)
        }
    }

    /// A file is written beside its name and renamed, which would take away the one it is made from.
    /// - Throws: `PipelineError.badRequest` where the output is one of the inputs, however its path is written.
    static func refuse(_ output: FilePath, replacing inputs: [FilePath]) throws {
        guard let identity = fileIdentity(output) else { return }
        for input in inputs where fileIdentity(input) == identity {
            throw PipelineError.badRequest("\(output): this output is an input too. Choose another output path.")
        }
    }
}

/// What the commands of the command line do, one function a command; a command adds options and text only.
public enum Operations {}
