import BinaryIO
import Conversion
import GGUF
import Inference
import ModelHub
import SystemPackage
import Tokenizers
import Work

/// Turns text into token ids with a model's own vocabulary.
public enum Tokenization {
    /// Returns the token ids of each text, with the vocabulary of a GGUF file, of a Hugging Face folder or of a
    /// repository of the Hub.
    /// - Parameters:
    ///   - isOffline: whether a repository is only read from the local cache.
    ///   - remark: called with remarks for the user that are not errors.
    /// - Throws: `GGUFError`, `InferenceError`, `TokenizerError`, `ConversionError`, `ModelHubError`, `FileError`.
    public static func ids(
        _ model: String,
        texts: [[UInt8]],
        addSpecial: Bool,
        parseSpecial: Bool,
        isOffline: Bool = false,
        remark: @escaping @Sendable (String) -> Void = { _ in },
        progress: @escaping WorkProgress = { _, _, _ in }
    ) throws -> [[Int32]] {
        let isFile = FileStatus(FilePath(model))?.isFolder == false
        let tokenizer =
            isFile
            ? try tokenizer(ofFile: FilePath(model))
            : try tokenizer(of: try folder(of: model, isOffline, remark, progress))
        return try texts.map { try tokenizer.encode(utf8: $0, addSpecial: addSpecial, parseSpecial: parseSpecial) }
    }

    /// Reads texts from lines of JSON, each a string or an array of bytes.
    /// - Throws: `TextLineError` for a line that is neither.
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

    /// Reads the bytes of a text file, of at most one gibibyte.
    /// - Throws: `FileError`.
    public static func text(_ path: FilePath) throws -> [UInt8] {
        try readFile(path, limit: 1 << 30)
    }

    private static func folder(
        of model: String,
        _ isOffline: Bool,
        _ remark: @escaping @Sendable (String) -> Void,
        _ progress: @escaping WorkProgress
    ) throws -> HuggingFaceFolder {
        let reference = try ModelReference(model)
        let found = try Hub.locate(reference, isOffline: isOffline, progress: progress, remark: remark)
        return try HuggingFaceFolder(path: found.folder, repository: found.origin?.repository)
    }

    private static func tokenizer(ofFile path: FilePath) throws -> Tokenizer {
        let file = try GGUFFile(path: path)
        do {
            return try Tokenizer(try file.reading { try Vocabulary($0) })
        } catch let problem as InferenceProblem {
            throw InferenceError(path: file.path, problem: problem)
        }
    }

    /// Converts the folder's vocabulary to GGUF's form first, so that both ways give the same ids.
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

/// An invalid line in a file of texts in JSON.
public struct TextLineError: Error, CustomStringConvertible {
    let line: Int
    let reason: String

    /// The error with the number of the line and what is wrong with it.
    public var description: String {
        "Line \(line) of the texts: \(reason). Write each text as a JSON string on a line of its own."
    }
}
