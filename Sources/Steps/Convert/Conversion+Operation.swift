import BinaryIO
import Conversion
import GGUF
import Inference
import ModelHub
import Pipeline
import SystemPackage
import Tensors
import Work

/// What the command line converts, and how.
public struct ConvertRequest: Sendable {
    /// The conversion settings.
    public var settings: ConvertSettings
    /// The adapters to merge: folders or Hub repositories, as `FOLDER` or `FOLDER=SCALE`.
    public var adapters: [String] = []
    /// Whether only the adapter is written.
    public var adapterOnly = false
    /// Whether the vision and audio projector is written instead of the language model.
    public var projectorOnly = false
    /// Whether a model that no engine can load is rejected, instead of causing a remark.
    public var isStrict = false
    /// Whether repositories are read from the local cache only.
    public var isOffline = false

    /// Creates a request that merges no adapters; by default the checkpoint's own precision is kept.
    public init(_ settings: ConvertSettings = ConvertSettings()) { self.settings = settings }
}

/// The result of a conversion.
public struct ConversionReport: Codable, Sendable {
    /// The file's path.
    public var output: String
    /// The precision, or `auto` for a file whose numbers were kept.
    public var type: String
    /// The size of the file, in bytes.
    public var bytes: Int
    /// The number of tensors.
    public var tensors: Int
    /// The number of weights.
    public var parameters: Int
}

extension Operations {
    /// Converts a Hugging Face folder or a Hub repository to GGUF, or a GGUF file to another type.
    /// - Parameter remark: called with remarks about a successful run.
    /// - Throws: the errors of the modules below; then no file appears at `output`.
    public static func convert(
        _ model: String,
        to output: FilePath,
        _ request: ConvertRequest,
        threads: Int,
        remark: @escaping @Sendable (String) -> Void = { _ in },
        progress: @escaping WorkProgress
    ) throws -> ConversionReport {
        guard !request.adapterOnly else {
            return try convertAdapter(
                of: model,
                to: output,
                request,
                threads: threads,
                remark: remark,
                progress: progress
            )
        }
        guard !request.projectorOnly else {
            return try convertProjector(
                of: model,
                to: output,
                request,
                threads: threads,
                remark: remark,
                progress: progress
            )
        }
        let work = try work(model, request, remark: remark, progress: progress)
        try checkOutput(output, replacing: work.inputs)
        try checkSpace(for: work.byteCount, at: output)
        try work.write(to: output, threads: threads) { try progress("converting", $0, $1) }
        return ConversionReport(
            output: output.string,
            type: work.isOfFile ? request.settings.type?.rawValue ?? "auto" : work.typeName,
            bytes: work.byteCount,
            tensors: work.tensors.count,
            parameters: work.tensors.elementCount
        )
    }

    /// Converts only the adapter to GGUF.
    private static func convertAdapter(
        of base: String,
        to output: FilePath,
        _ request: ConvertRequest,
        threads: Int,
        remark: @escaping @Sendable (String) -> Void,
        progress: @escaping WorkProgress
    ) throws -> ConversionReport {
        let adapters = try adapters(request, remark: remark, progress: progress)
        guard let adapter = adapters.first, adapters.count == 1, adapter.scale == 1 else {
            throw StepsError.badRequest(
                "\(setting: "lora-only") takes one \(setting: "lora", "FOLDER"); its scale is given where it is loaded."
            )
        }
        let reference = try ModelReference(base)
        let found = try Hub.locate(reference, isOffline: request.isOffline, progress: progress, remark: remark)
        let folder = try HuggingFaceFolder(path: found.folder, repository: found.origin?.repository)
        let plan = try ConversionPlan(adapter: adapter, of: folder, type: request.settings.type ?? .f32)
        return try write(plan, of: folder.inputs, to: output, threads: threads, progress: progress)
    }

    /// Converts only the projector to GGUF.
    private static func convertProjector(
        of model: String,
        to output: FilePath,
        _ request: ConvertRequest,
        threads: Int,
        remark: @escaping @Sendable (String) -> Void,
        progress: @escaping WorkProgress
    ) throws -> ConversionReport {
        guard request.adapters.isEmpty, request.settings.preTokenizer == nil, request.settings.padding == nil else {
            throw StepsError.badRequest(
                "\(setting: "lora"), \(setting: "pre") and \(setting: "pad-vocab") change the language model; "
                    + "\(setting: "mmproj") writes the other part."
            )
        }
        guard !isFile(model) else {
            throw StepsError.badRequest(
                "\(setting: "mmproj") takes a Hugging Face folder; \(model) is a file, in which nothing is left of what sees."
            )
        }
        let reference = try ModelReference(model)
        let found = try Hub.locate(reference, isOffline: request.isOffline, progress: progress, remark: remark)
        let folder = try HuggingFaceFolder(path: found.folder, repository: found.origin?.repository)
        let settings = request.settings
        let plan = try ConversionPlan(
            projectorOf: folder,
            type: settings.type,
            allowsNonFinite: settings.allowsNonFinite
        )
        return try write(plan, of: folder.projectorInputs, to: output, threads: threads, progress: progress)
    }

    /// Writes a file that accompanies a model.
    private static func write(
        _ plan: ConversionPlan,
        of inputs: [FilePath],
        to output: FilePath,
        threads: Int,
        progress: @escaping WorkProgress
    ) throws -> ConversionReport {
        try checkOutput(output, replacing: inputs)
        try checkSpace(for: plan.layout.byteCount, at: output)
        try Converter(plan).run(to: output, threads: threads) { try progress("converting", $0, $1) }
        return ConversionReport(
            output: output.string,
            type: plan.type.rawValue,
            bytes: plan.layout.byteCount,
            tensors: plan.layout.tensors.count,
            parameters: plan.layout.tensors.elementCount
        )
    }

    /// Returns the model that a command names: a GGUF file unchanged, anything else as it would be converted, without
    /// writing a file.
    static func source(
        _ model: String,
        _ request: ConvertRequest,
        remark: @escaping @Sendable (String) -> Void,
        progress: @escaping WorkProgress
    ) throws -> any ModelSource {
        if isFile(model), request.adapters.isEmpty { return try GGUFModel(path: FilePath(model)) }
        return try work(model, request, remark: remark, progress: progress).model
    }

    /// Returns the work for the model that a command names, with its adapters, and reports anything unusual about it.
    private static func work(
        _ model: String,
        _ request: ConvertRequest,
        remark: @escaping @Sendable (String) -> Void,
        progress: @escaping WorkProgress
    ) throws -> ConversionWork {
        if isFile(model) {
            let adapters = try adapters(request, remark: remark, progress: progress)
            let work = try ConversionWork(FilePath(model), repository: nil, adapters, request.settings)
            work.notes.forEach(remark)
            return work
        }
        let reference = try ModelReference(model)
        let found = try Hub.locate(reference, isOffline: request.isOffline, progress: progress, remark: remark)
        let adapters = try adapters(request, remark: remark, progress: progress)
        let work = try ConversionWork(found.folder, repository: found.origin?.repository, adapters, request.settings)
        try tell(work, found.folder, request, remark)
        return work
    }

    private static func isFile(_ model: String) -> Bool {
        FileStatus(FilePath(model)).map { !$0.isFolder } ?? model.lowercased().hasSuffix(".gguf")
    }

    private static func adapters(
        _ request: ConvertRequest,
        remark: @escaping @Sendable (String) -> Void,
        progress: @escaping WorkProgress
    ) throws -> [AdapterReference] {
        try request.adapters.map { text in
            let adapter = try ModelAdapter(text)
            if isFile(adapter.path) { return AdapterReference(folder: FilePath(adapter.path), scale: adapter.scale) }
            let reference = try ModelReference(adapter.path)
            let found = try Hub.locate(reference, isOffline: request.isOffline, progress: progress, remark: remark)
            return AdapterReference(adapter, found)
        }
    }

    /// Reports anything unusual about a model. llama.cpp's converter accepts models that no engine can load; so does
    /// this program, unless strictness is requested.
    private static func tell(
        _ work: ConversionWork,
        _ path: FilePath,
        _ request: ConvertRequest,
        _ remark: (String) -> Void
    ) throws {
        work.notes.forEach(remark)
        guard let reason = LoadingCheck.problem(of: work.model.metadata, work.tensors) else { return }
        let problem = InferenceProblem.cannotLoad(reason)
        if request.isStrict { throw InferenceError(path: path, problem: problem) }
        remark(problem.explanation.prefix(1).uppercased() + problem.explanation.dropFirst())
    }
}

extension ConvertSettings {
    /// Returns the settings together with the adapters to merge.
    func options(merging adapters: [AdapterReference]) -> ConversionOptions {
        var options = ConversionOptions(type: type, preTokenizer: preTokenizer, adapters: adapters)
        (options.allowsNonFinite, options.padding) = (allowsNonFinite, padding)
        options.includesDenseModules = includesDenseModules
        return options
    }
}

extension ModelAdapter {
    /// Reads `FOLDER` or `FOLDER=SCALE`. If a folder has the whole text as its name, the text is read as a folder.
    /// - Throws: `StepsError.badRequest`.
    init(_ text: String) throws {
        guard let split = text.lastIndex(of: "="), fileIdentity(FilePath(text)) == nil else {
            self.init(path: text)
            return
        }
        guard let scale = Float(text[text.index(after: split)...]), scale.isFinite, split != text.startIndex else {
            throw StepsError.badRequest(
                "\(setting: "lora") '\(text)' is not FOLDER or FOLDER=SCALE, such as my-adapter=0.5."
            )
        }
        self.init(path: String(text[..<split]), scale: scale)
    }
}
