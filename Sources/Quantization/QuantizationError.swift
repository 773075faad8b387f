import BinaryIO
import SystemPackage

/// The reason why a model was not quantized. The output's final name is untouched in every case.
public struct QuantizationError: Error, CustomStringConvertible, Sendable {
    /// The model or other file with the problem.
    public let path: FilePath
    /// The problem.
    public let problem: QuantizationProblem

    /// Performs work on a model, and adds its file to a problem.
    package static func naming<Result>(_ path: FilePath, _ work: () throws -> Result) throws -> Result {
        do { return try work() } catch let problem as QuantizationProblem {
            throw QuantizationError(path: path, problem: problem)
        }
    }

    /// The file, the line if there is one, the problem and what to do.
    public var description: String {
        if case .badAssignment(let line, let reason) = problem { return "\(path):\(line): \(reason)" }
        return "\(path): \(problem.explanation)"
    }
}

/// A problem of a quantization.
public enum QuantizationProblem: Error, Equatable, Sendable {
    case layerOutOfRange(tensor: String, layerCount: Int)
    case notFinite(tensor: String, element: Int)
    case outOfRange(tensor: String, type: String)
    case requantization(tensor: String, from: String, to: String)
    case unreadableType(tensor: String, type: String)
    case unwritableType(tensor: String, type: String)
    case unsuitableShape(tensor: String, type: String, rowLength: Int)
    case fourDimensions(tensor: String, type: String)
    case outputIsInput
    case badPattern(String)
    case badImportanceMatrix(String)
    case importanceMatricesOfDifferentModels(String)
    case importanceMatrixMismatch(tensor: String, found: Int, expected: Int)
    case importanceMatrixNeeded(tensor: String, type: String)
    case refinementNeedsImportanceMatrix
    case feedbackNeedsText
    case badCorrelation
    case outOfMemory(byteCount: Int, purpose: String)
    case noLattice
    case importanceMatrixOfAnotherModel(String)
    case noLayerLeft
    case badRecipeName(String)
    case badAssignment(line: Int, String)
    case assignedTensorMissing(String, nearest: String?)
    case fixedTensor(String, type: String, assigned: String)

    /// The cause and what to do, without the file's name.
    public var explanation: String {
        switch self {
        case .layerOutOfRange(let tensor, let layerCount):
            "tensor '\(tensor)' names no layer of the model's \(layerCount). Convert the model again."
        case .notFinite(let tensor, let element):
            "tensor '\(tensor)' holds an infinite number or NaN at element \(element). The source is damaged; "
                + "fetch or convert it again."
        case .outOfRange(let tensor, let type):
            "tensor '\(tensor)' has weights too large for the half-precision scales of \(type). Keep it as it is "
                + "with \(setting: "tensor-type"), or choose f32."
        case .requantization(let tensor, let from, let to):
            "tensor '\(tensor)' is already quantized (\(from)); going on to \(to) adds its error to the first. Start "
                + "from an f16, bf16 or f32 file, or say \(setting: "allow-requantize")."
        case .unreadableType(let tensor, let type):
            "tensor '\(tensor)' has type \(type), which cannot be decoded. Start from an f16, bf16 or f32 file."
        case .unwritableType(let tensor, let type):
            "tensor '\(tensor)' should become \(type), which cannot be encoded. Choose another type."
        case .fourDimensions(let tensor, let type):
            "tensor '\(tensor)' has four dimensions and would become \(type), at which llama-quantize ends in an error. Make it of the "
                + "checkpoint instead: \(command: "convert", "mmproj", "type q8_0")."
        case .unsuitableShape(let tensor, let type, let rowLength):
            "tensor '\(tensor)' has rows of \(rowLength) weights, no whole number of \(type) blocks. "
                + "Choose another type for it."
        case .outputIsInput:
            "the output is the input. Choose another output path."
        case .badPattern(let pattern):
            "'\(pattern)' is not a valid regular expression. Check its brackets and escapes."
        case .badImportanceMatrix(let reason):
            "this is not a usable importance matrix: \(reason). Make one with edgepipe "
                + "imatrix."
        case .importanceMatricesOfDifferentModels(let reason):
            "this importance matrix cannot be merged with the others: \(reason). One of them was made from another model; "
                + "leave that one out."
        case .importanceMatrixMismatch(let tensor, let found, let expected):
            "the importance matrix has \(found) numbers for tensor '\(tensor)', which needs \(expected). It belongs to "
                + "another model; make one for this model."
        case .refinementNeedsImportanceMatrix:
            "refined rounding weighs errors by an importance matrix. Give one with \(setting: "imatrix"), or round as the "
                + "reference does."
        case .feedbackNeedsText:
            "rounding with feedback fits weights to the inputs that they meet on a text. Give one with \(setting: "text"), or "
                + "round as the reference does."
        case .badCorrelation:
            "the inputs of a weight matrix are infinite or not numbers. The model's weights are damaged; make the file again."
        case .outOfMemory(let byteCount, let purpose):
            "there is no memory for \(purpose), which takes \(byteCount) bytes. Use a machine with more, or a smaller model."
        case .noLattice:
            "no tensor that becomes q4_0 lies on a grid of four bits. The model was not trained for one; set "
                + "\(setting: "rounding", "reference"), or \(setting: "rounding", "auto") to take grids where there are any."
        case .importanceMatrixNeeded(let tensor, let type):
            "tensor '\(tensor)' as \(type) would be useless without an importance matrix, and there is none for it. Make "
                + "one with edgepipe imatrix and give it with \(setting: "imatrix"), or choose a larger type."
        case .importanceMatrixOfAnotherModel(let path):
            "the importance matrix \(path) has no entry for any of its tensors. It belongs to another model; make one "
                + "for this model."
        case .noLayerLeft:
            "the model would have no layer left. Prune fewer."
        case .badRecipeName(let name):
            FileType(name: name) == nil
                ? "'\(name)' is not a valid recipe name. Use \(NameGrammar.rule)."
                : "'\(name)' is a quantization type of llama.cpp. Give the recipe another name."
        case .badAssignment(let line, let reason):
            "line \(line): \(reason)"
        case .assignedTensorMissing(let tensor, let nearest):
            "the type assignment names tensor '\(tensor)', which the model does not have. "
                + (nearest.map { "Did you mean '\($0)'?" } ?? "It was made for another model; make one for this model.")
        case .fixedTensor(let tensor, let type, let assigned):
            "tensor '\(tensor)' keeps its type \(type), because llama.cpp never quantizes vectors, norms and the like. "
                + "Remove it from the type assignment, which says \(assigned)."
        }
    }
}
