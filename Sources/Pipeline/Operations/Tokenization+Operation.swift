import BinaryIO
import Conversion
import GGUF
import Inference
import SystemPackage
import Tokenizers

extension Operations {
    /// Token ids of a text, by the vocabulary of a GGUF file, of a Hugging Face folder or of a repository of the Hub.
    /// - Parameters:
    ///   - isOffline: takes a repository from the local cache alone.
    ///   - remark: told what somebody should know although all went well.
    public static func tokenize(
        _ model: String,
        text: [UInt8],
        addSpecial: Bool,
        parseSpecial: Bool,
        isOffline: Bool = false,
        remark: @escaping @Sendable (String) -> Void = { _ in },
        progress: @escaping WorkProgress = { _, _, _ in }
    ) throws -> [Int32] {
        let isFile = FileStatus(FilePath(model))?.isFolder == false
        let tokenizer =
            isFile
            ? try tokenizer(ofFile: FilePath(model))
            : try tokenizer(of: try folder(of: model, isOffline: isOffline, remark: remark, progress: progress))
        return try tokenizer.encode(utf8: text, addSpecial: addSpecial, parseSpecial: parseSpecial)
    }

    /// The bytes of a text file.
    public static func text(_ path: FilePath) throws -> [UInt8] {
        try readFile(path, limit: ValidateStage.textLimit)
    }

    private static func tokenizer(ofFile path: FilePath) throws -> Tokenizer {
        let file = try GGUFFile(path: path)
        do {
            return try Tokenizer(try file.reading { try Vocabulary($0) })
        } catch let problem as InferenceProblem {
            throw InferenceError(path: file.path, problem: problem)
        }
    }

    /// The folder's vocabulary is brought into GGUF's form first, so that both ways give the same ids.
    private static func tokenizer(of folder: HuggingFaceFolder) throws -> Tokenizer {
        do {
            return try Tokenizer(try Vocabulary(try ConversionPlan(folder).metadata))
        } catch let problem as GGUFProblem {
            throw GGUFError(path: folder.path, problem: problem)
        } catch let problem as InferenceProblem {
            throw InferenceError(path: folder.path, problem: problem)
        }
    }
}
