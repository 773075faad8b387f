import GGUF
import Quantization
import SystemPackage
import Tensors

/// How to quantize one file, as it stands on a command line.
public struct QuantizeRequest: Sendable {
    public var input: FilePath
    public var type: String
    public var pure = false
    /// `REGEX=TYPE`, the first match wins.
    public var tensorTypes: [String] = []
    public var outputTensorType: String?
    public var tokenEmbeddingType: String?
    public var leaveOutputTensor = false
    public var allowRequantize = false
    public var importanceMatrix: FilePath?

    public init(input: FilePath, type: String) {
        self.input = input
        self.type = type
    }
}

/// What a quantization makes, tensor by tensor.
public struct QuantizationReport: Codable, Sendable {
    public struct Tensor: Codable, Sendable {
        public var name: String
        public var type: String
        public var bytes: Int
        /// Whether the shape did not allow the type that was wanted.
        public var fallback: Bool
        public var wanted: String?
    }

    public var type: String
    /// Of the whole file.
    public var bytes: Int
    public var bitsPerWeight: Double
    public var tensors: [Tensor]

    init(_ plan: QuantizationPlan) {
        type = plan.fileType.name
        bytes = plan.layout.byteCount
        bitsPerWeight = plan.bitsPerWeight
        tensors = plan.tensors.map {
            Tensor(
                name: $0.target.name,
                type: $0.target.type.name,
                bytes: $0.target.byteCount,
                fallback: $0.isFallback,
                wanted: $0.wanted?.name
            )
        }
    }
}

extension Operations {
    /// The names of the quantization types, as they are written in builds' names.
    public static var quantizationTypes: [String] { FileType.allCases.map { $0.tag } }

    /// Works out what a quantization would make; nothing is written.
    public static func planQuantization(_ request: QuantizeRequest) throws -> QuantizationReport {
        QuantizationReport(try plan(request).plan)
    }

    /// GGUF to a smaller GGUF.
    /// - Throws: what the rooms throw; nothing appears under `output` then.
    public static func quantize(
        _ request: QuantizeRequest,
        to output: FilePath,
        threads: Int,
        progress: @escaping WorkProgress
    ) throws -> QuantizationReport {
        let (source, plan) = try plan(request)
        let quantizer = try Quantizer(source: source, outputs: [.init(plan: plan, path: output)])
        try checkSpace(for: plan.layout.byteCount, at: output)
        try quantizer.run(threads: threads) { try progress("quantizing to \(plan.fileType.tag)", $0, $1) }
        return QuantizationReport(plan)
    }

    private static func plan(_ request: QuantizeRequest) throws -> (source: GGUFFile, plan: QuantizationPlan) {
        guard let type = FileType(name: request.type) else {
            let advice = Spelling.advice(for: request.type, among: quantizationTypes)
            throw PipelineError.badRequest("'\(request.type)' is no quantization type. \(advice)")
        }
        var options = QuantizationOptions()
        options.pure = request.pure
        options.leaveOutputTensor = request.leaveOutputTensor
        options.allowRequantize = request.allowRequantize
        options.importanceMatrix = try request.importanceMatrix.map { try ImportanceMatrix(path: $0) }
        options.outputTensorType = try request.outputTensorType.map(tensorType)
        options.tokenEmbeddingType = try request.tokenEmbeddingType.map(tensorType)
        options.tensorTypes = try request.tensorTypes.map { rule in
            guard let split = rule.lastIndex(of: "=") else {
                throw PipelineError.badRequest("--tensor-type '\(rule)' is not REGEX=TYPE, such as 'ffn_down=q6_k'.")
            }
            return TensorTypeRule(
                pattern: String(rule[..<split]),
                type: try tensorType(String(rule[rule.index(after: split)...]))
            )
        }
        let source = try GGUFFile(path: request.input)
        return (source, try QuantizationPlan(source, as: type, options: options))
    }

    private static func tensorType(_ name: String) throws -> TensorType {
        if let type = TensorType(name: name), Quantizer.canEncode(type) { return type }
        let known = TensorType.allCases.filter(Quantizer.canEncode).map { $0.name.lowercased() }
        throw PipelineError.badRequest("'\(name)' is no tensor type. \(Spelling.advice(for: name, among: known))")
    }
}
