import BinaryIO
import Conversion
import GGUF
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

    /// A Hugging Face folder, or a repository of the Hub, to GGUF.
    /// - Parameters:
    ///   - isOffline: takes a repository from the local cache alone.
    ///   - remark: told what somebody should know although all went well.
    /// - Throws: what the rooms throw; nothing appears under `output` then.
    public static func convert(
        _ model: String,
        to output: FilePath,
        type: String,
        preTokenizer: String?,
        threads: Int,
        isOffline: Bool = false,
        remark: @escaping @Sendable (String) -> Void = { _ in },
        progress: @escaping WorkProgress
    ) throws -> ConversionReport {
        let chosen = ConvertedType(rawValue: type.lowercased())
        guard chosen != nil || type.lowercased() == "auto" else {
            throw PipelineError.badRequest(
                "'\(type)' is no type to convert to. \(Spelling.advice(for: type, among: convertedTypes))"
            )
        }
        let folder = try folder(of: model, isOffline: isOffline, remark: remark, progress: progress)
        let plan = try ConversionPlan(folder, options: ConversionOptions(type: chosen, preTokenizer: preTokenizer))
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
