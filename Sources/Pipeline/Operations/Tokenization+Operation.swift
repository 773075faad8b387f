import BinaryIO
import Conversion
import GGUF
import Inference
import ModelHub
import SystemPackage
import Tokenizers

extension Operations {
    /// Token ids of each text, by the vocabulary of a GGUF file or of a Hugging Face folder.
    public static func tokenize(
        _ model: String,
        texts: [[UInt8]],
        addSpecial: Bool,
        parseSpecial: Bool
    ) throws -> [[Int32]] {
        let tokenizer = try tokenizer(of: model)
        return try texts.map { try tokenizer.encode(utf8: $0, addSpecial: addSpecial, parseSpecial: parseSpecial) }
    }

    /// The texts in lines of JSON, each a string or an array of bytes.
    public static func texts(jsonLines bytes: [UInt8]) throws -> [[UInt8]] {
        let lines = bytes.split(separator: 0x0a, omittingEmptySubsequences: false).enumerated()
        return try lines.filter { !$0.element.isEmpty }.map { number, line in
            do throws(JSONError) {
                switch try JSONValue(parsing: Array(line)) {
                case .string(let text): return Array(text.utf8)
                case .array(let elements):
                    let bytes = elements.compactMap { $0.integer.flatMap(UInt8.init(exactly:)) }
                    if bytes.count == elements.count { return bytes }
                default: break
                }
            } catch {
                throw TextLineError(line: number + 1, reason: "\(error)")
            }
            throw TextLineError(line: number + 1, reason: "a string or an array of bytes expected")
        }
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

/// A line of texts in JSON that is none.
public struct TextLineError: Error, CustomStringConvertible {
    let line: Int
    let reason: String

    public var description: String {
        "Line \(line) of the texts: \(reason). Write each text as a JSON string on a line of its own."
    }
}
