import BinaryIO
import SystemPackage

/// Why a model was not converted. The output's final name is never touched.
public struct ConversionError: Error, CustomStringConvertible, Sendable {
    /// The folder or file with the problem.
    public let path: FilePath
    /// What went wrong.
    public let problem: ConversionProblem

    /// The path, the cause, and what to do.
    public var description: String { "\(path): \(problem.explanation)" }
}

/// What went wrong.
public enum ConversionProblem: Error, Equatable, Sendable {
    case missingFile(String)
    case invalidJSON(file: String, reason: String)
    case missingKey(file: String, key: String)
    case invalidValue(file: String, key: String, expected: String)
    case unsupportedArchitecture(String, supported: [String])
    case unsupportedProjector(String, supported: [String])
    case missingProjectorTensor(String)
    case unknownTensor(String)
    case unsupportedElementType(tensor: String, type: String)
    case unsupportedRope(String)
    case unsupportedQuantization(String)
    case quantizedTensor(String, method: String)
    case missingPart(String)
    case wrongShape(tensor: String, found: [Int], expected: String)
    case notRepresentable(tensor: String, type: String)
    case invalidVocabulary(file: String, reason: String)
    case unknownPreTokenizerName(String, nearest: [String])
    case unknownPreTokenizer(description: String, nearest: [String])
    case missingLayerTensors(layer: Int)
    case unsupportedAdapter(String)
    case foreignAdapter(tensor: String)
    case otherBase(tensor: String, found: [Int], expected: [Int])
    case grownVocabulary(tensor: String, tokens: Int, base: Int)
    case grownBeyondFile(tensor: String, tokens: Int, base: Int)
    case unevenVocabulary(String, Int, other: String, Int)
    case tokensBeyondRows(tokens: Int, rows: Int)
    case grownWithoutTokenizer(tensor: String, rows: Int, tokens: Int)
    case paddingTooSmall(asked: Int, needed: Int)
    case lostUpdate(tensor: String, architecture: String)
    case pickledAdapter(String)
    case foreignAdapterFormat(String)
    case fileInPlaceOfFolder
    case adapterFileForFolder
    case adapterInPlaceOfModel
    case quantizedBase(tensor: String, type: String)
    case unknownBaseArchitecture(String)
    case baseTellsTooLittle(tensor: String, architecture: String)
    case foreignContent(file: String, ForeignContent)
    case notFinite(tensor: String, element: Int)
    case outOfRange(tensor: String)
    case tokenBeyondVocabulary(file: String, token: String, id: Int, count: Int)
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
        case .unsupportedProjector(let name, let supported):
            "the architecture '\(name)' has no projector that can be converted: the model only reads text, or its family is "
                + "not supported. Supported are \(supported.joined(separator: ", "))."
        case .missingProjectorTensor(let name):
            "the checkpoint has no tensor for '\(name)', without which engines cannot load the projector. Fetch the missing "
                + "shards, and check that config.json belongs to these weights."
        case .unknownTensor(let name):
            "tensor '\(name)' has no place in this architecture. Check that config.json belongs to these weights."
        case .unsupportedElementType(let tensor, let type):
            "tensor '\(tensor)' has elements of type \(type). Save the checkpoint as F64, F32, F16, BF16 or FP8."
        case .unsupportedRope(let type):
            "the RoPE scaling '\(type)' is not supported for this architecture. Check 'rope_scaling' in config.json."
        case .unsupportedQuantization(let method):
            "the weights are quantized by '\(method)', which is not read. Fetch the model that was quantized; of quantized "
                + "ones, FP8, GPTQ, AWQ and compressed-tensors are read."
        case .quantizedTensor(let tensor, let method):
            "the weights are quantized by \(method), as the tensor '\(tensor)' shows, and config.json does not say how. Add its "
                + "'quantization_config', or fetch the model that was quantized."
        case .missingPart(let name):
            "tensor '\(name)' is missing, without which a packed matrix cannot be read. Fetch all files of the checkpoint."
        case .wrongShape(let tensor, let found, let expected):
            "tensor '\(tensor)' has the shape \(found); \(expected) expected. Check that config.json belongs to "
                + "these weights."
        case .notRepresentable(let tensor, let type):
            "tensor '\(tensor)' holds numbers that \(type) cannot represent. Convert with \(setting: "type") "
                + (type == "BF16" ? "f32." : "bf16 or f32.")
        case .invalidVocabulary(let file, let reason):
            "\(file): \(reason). Fetch it again."
        case .unknownPreTokenizerName(let name, let nearest):
            "'\(name)' is not a pre-tokenizer that llama.cpp knows. The nearest names are \(nearest.joined(separator: ", "))."
        case .unknownPreTokenizer(let description, let nearest):
            "the tokenizer splits text by a rule that is not known: \(description). The nearest that are: "
                + "\(nearest.joined(separator: ", ")). Name the rule with \(setting: "pre", "NAME"); "
                + "\(command: "convert", "help") lists the names."
        case .missingLayerTensors(let layer):
            "layer \(layer) has no tensors, though config.json counts it. Fetch the missing shards."
        case .unsupportedAdapter(let reason):
            "this adapter cannot be merged: \(reason). Merge it with PEFT's merge_and_unload, and convert what that saves."
        case .foreignAdapter(let tensor):
            "the adapter changes '\(tensor)', which the model does not have. Check that it was trained on this model."
        case .otherBase(let tensor, let found, let expected):
            "the adapter's tensor '\(tensor)' is for a weight of the shape \(found); the model's is \(expected). Check that "
                + "the adapter was trained on this model."
        case .grownVocabulary(let tensor, let tokens, let base):
            "the adapter's tensor '\(tensor)' is for \(tokens) tokens; the model has \(base). The vocabulary changed in "
                + "training, and the adapter does not hold the whole embeddings: merge it with PEFT's merge_and_unload, save the "
                + "tokenizer beside it, and convert that folder."
        case .grownBeyondFile(let tensor, let tokens, let base):
            "the adapter's tensor '\(tensor)' is for \(tokens) tokens; the model's GGUF file has \(base). The vocabulary changed in "
                + "training: merge the adapter into the model's Hugging Face folder, which takes the adapter's tokenizer too."
        case .unevenVocabulary(let tensor, let rows, let other, let otherRows):
            "'\(tensor)' has \(rows) rows, one for each token, and '\(other)' has \(otherRows). Save both with the adapter "
                + "('modules_to_save'), or fill what is missing with the mean of all rows by \(setting: "pad-vocab", "auto")."
        case .tokensBeyondRows(let tokens, let rows):
            "the tokenizer has \(tokens) tokens, and the embeddings have \(rows) rows. Take the tokenizer that belongs to these "
                + "weights, or give the tokens beyond the mean of all rows by \(setting: "pad-vocab", "auto"): a model that was "
                + "not trained on them hardly knows what they mean."
        case .grownWithoutTokenizer(let tensor, let rows, let tokens):
            "the adapter's '\(tensor)' has \(rows) rows, and the model's tokenizer only \(tokens) tokens. Save the tokenizer "
                + "of the training into the adapter's folder, or leave the tokens beyond without a text by "
                + "\(setting: "pad-vocab", "auto")."
        case .paddingTooSmall(let asked, let needed):
            "\(setting: "pad-vocab") is \(asked), and tokenizer, config.json or embeddings count \(needed) tokens. Take \(needed) "
                + "or more, or auto."
        case .lostUpdate(let tensor, let architecture):
            "the adapter changes '\(tensor)', which '\(architecture)' models have no place for: they read their output from "
                + "the token embeddings. Without it the result would be another model; merge with PEFT's merge_and_unload "
                + "and see what that saves."
        case .pickledAdapter(let name):
            "the adapter's folder holds only '\(name)', a pickle that can run code when read. Save the adapter with "
                + "save_pretrained(safe_serialization=True), or fetch a safetensors revision of it."
        case .foreignAdapterFormat(let format):
            "this adapter is in the format of \(format), which is not read. Fuse it there into the model and convert that, or "
                + "train or export it as a PEFT adapter."
        case .fileInPlaceOfFolder:
            "this is a file; the folder that it is in is expected. Give the folder."
        case .adapterFileForFolder:
            "a GGUF adapter is merged into a GGUF file of its base model, and the model is a folder. Convert the model first, or "
                + "give the PEFT folder that the adapter was made from."
        case .quantizedBase(let tensor, let type):
            "tensor '\(tensor)' is of type \(type), and an adapter is merged into f32, f16 or bf16 alone: what quantizing lost "
                + "would stay, and be rounded once more. Merge it into an f16 or bf16 file of the model or into its Hugging Face "
                + "folder, and quantize that."
        case .unknownBaseArchitecture(let name):
            "the model's GGUF file is of the architecture '\(name)', whose Hugging Face names are not known. Merge the adapter with PEFT's "
                + "merge_and_unload, and convert what that saves."
        case .baseTellsTooLittle(let tensor, let architecture):
            "the model's GGUF file does not say how '\(tensor)' was changed when it was converted, as in '\(architecture)' models it "
                + "is. Merge the adapter into the model's Hugging Face folder."
        case .adapterInPlaceOfModel:
            "this folder holds an adapter and no model. Give the folder of the model that it was trained on, and this one "
                + "with \(setting: "lora")."
        case .foreignContent(let file, let content):
            "\(content.explanation(of: file))"
        case .notFinite(let tensor, let element):
            "tensor '\(tensor)' holds an infinite number or NaN at element \(element). The checkpoint is damaged; fetch or "
                + "save it again, or keep such numbers with \(setting: "allow-nonfinite")."
        case .outOfRange(let tensor):
            "numbers of tensor '\(tensor)' leave the range of single precision once scales and adapters are applied. Check "
                + "the adapter and its scale, and fetch the checkpoint again."
        case .tokenBeyondVocabulary(let file, let token, let id, let count):
            "\(file) has the token '\(token)' with the id \(id), but the model has only \(count) tokens ('vocab_size' in "
                + "config.json), and no weights for it. Take the tokenizer that belongs to these weights, resize the "
                + "model's embeddings and save it again, or fill what is missing by \(setting: "pad-vocab", "auto")."
        case .incompleteStack(let name, let found, let needed):
            "'\(name)' and its like are made of \(needed) tensors, of which \(found) are there. Fetch the missing shards, "
                + "or correct the number of experts or heads in config.json."
        }
    }
}
