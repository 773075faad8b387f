import BinaryIO
import Conversion
import GGUF
import Inference
import ModelHub
import SystemPackage
import Tokenizers

extension Operations {
    /// Token ids of a text, by the vocabulary of a GGUF file or of a Hugging Face folder.
    public static func tokenize(
        _ model: String,
        text: [UInt8],
        addSpecial: Bool,
        parseSpecial: Bool
    ) throws -> [Int32] {
        try tokenizer(of: model).encode(utf8: text, addSpecial: addSpecial, parseSpecial: parseSpecial)
    }

    /// The bytes of a text file.
    public static func text(_ path: FilePath) throws -> [UInt8] {
        try readFile(path, limit: ValidateStage.textLimit)
    }

    private static func tokenizer(of model: String) throws -> Tokenizer {
        if FileStatus(FilePath(model))?.isFolder == false {
            let file = try GGUFFile(path: FilePath(model))
            do {
                return try Tokenizer(try file.reading { try Vocabulary($0) })
            } catch let problem as InferenceProblem {
                throw InferenceError(path: file.path, problem: problem)
            }
        }
        // The folder's vocabulary is brought into GGUF's form first, so that both ways give the same ids.
        let folder = try HuggingFaceFolder(path: try HubCache().locate(try ModelReference(model)))
        do {
            return try Tokenizer(try Vocabulary(try ConversionPlan(folder).metadata))
        } catch let problem as GGUFProblem {
            throw GGUFError(path: folder.path, problem: problem)
        } catch let problem as InferenceProblem {
            throw InferenceError(path: folder.path, problem: problem)
        }
    }
}
