import SystemPackage

/// Why a model was not converted. The output's final name is untouched in every case.
public struct ConversionError: Error, CustomStringConvertible, Sendable {
    public let path: FilePath
    public let problem: ConversionProblem

    public var description: String { "\(path): \(problem.explanation)" }
}

/// What went wrong.
public enum ConversionProblem: Error, Equatable, Sendable {
    case missingFile(String)
    case invalidJSON(file: String, reason: String)
    case missingKey(file: String, key: String)
    case invalidValue(file: String, key: String, expected: String)
    case unsupportedArchitecture(String, supported: [String])
    case unknownTensor(String)
    case unsupportedElementType(tensor: String, type: String)
    case unsupportedRope(String)
    case unsupportedQuantization(String)
    case wrongShape(tensor: String, found: [Int], expected: String)
    case notRepresentable(tensor: String, type: String)
    case invalidVocabulary(file: String, reason: String)
    case unknownPreTokenizerName(String, nearest: [String])
    case unknownPreTokenizer(description: String, nearest: [String])
    case missingLayerTensors(layer: Int)
    case unsupportedAdapter(String)
    case foreignAdapter(tensor: String)
    case incompleteStack(name: String, found: Int, needed: Int)

    /// The problem in words, ending with what to do about it.
    public var explanation: String {
        switch self {
        case .missingFile(let name):
            "'\(name)' is missing. Fetch all files of the model, not only its weights."
        case .invalidJSON(let file, let reason):
            "\(file) is not valid JSON, \(reason). Fetch it again."
        case .missingKey(let file, let key):
            "\(file) has no '\(key)'. Fetch it again, or add the key by hand."
        case .invalidValue(let file, let key, let expected):
            "\(file): '\(key)' must be \(expected). Correct it, or fetch the file again."
        case .unsupportedArchitecture(let name, let supported):
            "the architecture '\(name)' is not supported. The nearest that are: "
                + "\(Similarity.nearest(to: name, of: supported, count: 3).joined(separator: ", ")). Supported are "
                + "\(supported.joined(separator: ", "))."
        case .unknownTensor(let name):
            "tensor '\(name)' has no place in this architecture. Check that config.json belongs to these weights."
        case .unsupportedElementType(let tensor, let type):
            "tensor '\(tensor)' has elements of type \(type). Save the checkpoint as F64, F32, F16, BF16 or FP8."
        case .unsupportedRope(let type):
            "the RoPE scaling '\(type)' is not supported for this architecture. Check 'rope_scaling' in config.json."
        case .unsupportedQuantization(let method):
            "the weights are quantized by '\(method)', which is not read. Fetch the model that was quantized; of quantized "
                + "ones, FP8 is read."
        case .wrongShape(let tensor, let found, let expected):
            "tensor '\(tensor)' has the shape \(found); \(expected) expected. Check that config.json belongs to "
                + "these weights."
        case .notRepresentable(let tensor, let type):
            "tensor '\(tensor)' holds numbers that \(type) cannot represent. Convert with --type bf16 or f32."
        case .invalidVocabulary(let file, let reason):
            "\(file): \(reason). Fetch it again."
        case .unknownPreTokenizerName(let name, let nearest):
            "'\(name)' is no pre-tokenizer that llama.cpp knows. The nearest names are \(nearest.joined(separator: ", "))."
        case .unknownPreTokenizer(let description, let nearest):
            "the tokenizer splits text by a rule that is not known: \(description). The nearest that are: "
                + "\(nearest.joined(separator: ", ")). Name the rule with --pre NAME; `edgepipe convert --help` lists the names."
        case .missingLayerTensors(let layer):
            "layer \(layer) has no tensors, though config.json counts it. Fetch the missing shards."
        case .unsupportedAdapter(let reason):
            "this adapter cannot be merged: \(reason). Merge it with PEFT's merge_and_unload, and convert what that saves."
        case .foreignAdapter(let tensor):
            "the adapter changes '\(tensor)', which the model does not have. Check that it was trained on this model."
        case .incompleteStack(let name, let found, let needed):
            "'\(name)' and its like are made of \(needed) tensors, of which \(found) are there. Fetch the missing shards, "
                + "or correct the number of experts or heads in config.json."
        }
    }
}
