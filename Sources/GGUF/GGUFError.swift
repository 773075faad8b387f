import BinaryIO
import SystemPackage

/// Why a file is not a GGUF file that edgepipe can use.
public struct GGUFError: Error, CustomStringConvertible, Sendable {
    /// The path of the file.
    public let path: FilePath
    /// What is wrong with it.
    public let problem: GGUFProblem
    /// The byte offset in the file; nil if the problem has no place.
    public let offset: Int?

    /// Creates an error about a file.
    /// - Parameter offset: in bytes from the start of the file; nil if there is no place.
    public init(path: FilePath, problem: GGUFProblem, offset: Int? = nil) {
        self.path = path
        self.problem = problem
        self.offset = offset
    }

    /// Runs `body`, which reads a file, and adds the file's name to the problems it finds.
    static func naming<Value>(_ path: FilePath, _ body: () throws -> Value) throws -> Value {
        func error(_ located: LocatedProblem) -> GGUFError {
            GGUFError(path: path, problem: located.problem, offset: located.offset)
        }
        do {
            return try body()
        } catch let located as LocatedProblem {
            throw error(located)
        } catch let problem as ReadError {
            throw error(LocatedProblem(problem))
        }
    }

    /// The file, the byte if there is one, the cause, and what to do.
    public var description: String {
        let place = offset.map { ":byte \($0)" } ?? ""
        return "\(path)\(place): \(problem.explanation)"
    }
}

/// What is wrong with a GGUF file.
public enum GGUFProblem: Error, Equatable, Sendable {
    case notGGUF
    case foreignContent(ForeignContent)
    case partOfFolder
    case notModel(String)
    case notProjector
    case wrongEndianness
    case unsupportedVersion(UInt32)
    case truncated(needed: UInt64, available: Int)
    case invalidUTF8
    case countBeyondFile(what: String, count: UInt64)
    case unknownValueType(UInt32)
    case nestedArray
    case invalidBool(UInt8)
    case emptyKey
    case duplicateKey(String)
    case invalidAlignment(String)
    case invalidTensorName(String)
    case duplicateTensor(String)
    case tooManyDimensions(tensor: String, count: UInt32)
    case invalidDimension(tensor: String, dimensions: [UInt64])
    case sizeOverflow(tensor: String)
    case unknownTensorType(tensor: String, code: UInt32)
    case partialBlock(tensor: String, rowLength: Int, blockElements: Int)
    case unexpectedOffset(tensor: String, offset: UInt64, expected: Int)
    case tensorBeyondFile(tensor: String, end: Int, fileByteCount: Int)
    case missingKey(String)
    case wrongValueType(key: String, expected: String, found: String)
    case missingTensor(String)
    case notFirstShard(number: Int, count: Int)
    case unnumberedShard(number: Int, count: Int)
    case wrongShard(found: Int?, expected: Int)
    case wrongShardTensors(found: Int, expected: Int)
    case longHeader(limit: Int)

    func at(_ offset: Int?) -> LocatedProblem { LocatedProblem(problem: self, offset: offset) }
}

/// A problem and where it is, before the file's name is known.
struct LocatedProblem: Error {
    let problem: GGUFProblem
    let offset: Int?

    init(problem: GGUFProblem, offset: Int?) {
        self.problem = problem
        self.offset = offset
    }

    init(_ error: ReadError) {
        offset = error.offset
        problem =
            switch error.problem {
            case .truncated(let needed, let available): .truncated(needed: needed, available: available)
            case .invalidUTF8: .invalidUTF8
            // The caller who passes the beginning of a file passes more of it instead.
            case .notGiven(let end): .truncated(needed: UInt64(max(0, end - error.offset)), available: 0)
            }
    }
}

extension GGUFProblem {
    /// The problem in words, ending with what to do about it.
    public var explanation: String {
        switch self {
        case .notGGUF:
            "this is no GGUF file: it does not begin with the letters GGUF. Give a .gguf file, or convert a Hugging "
                + "Face folder with `edgepipe convert`."
        case .foreignContent(let content):
            content.explanation(of: "this")
        case .partOfFolder:
            "this is one file of a Hugging Face model. Give the folder that it is in, or a .gguf file."
        case .notModel(let what):
            "this is \(what), not a model. Give the model's own GGUF file."
        case .notProjector:
            "this is not a projector (mmproj). Give the file that \(command: "convert", "mmproj") writes of the model."
        case .wrongEndianness:
            "the file was written for a big-endian machine. Make it again on a little-endian one."
        case .unsupportedVersion(let version):
            "GGUF version \(version) is not supported, only 2 and 3. Convert the model again with current tools."
        case .truncated(let needed, let available):
            "the file ends too early: \(needed) more bytes expected, \(available) left. Fetch or make it again."
        case .invalidUTF8:
            "the text here is not valid UTF-8. The file is damaged or was written by a faulty tool; make it again."
        case .countBeyondFile(let what, let count):
            "\(what) claims \(count) elements, more than the rest of the file can hold. Fetch or make the file again."
        case .unknownValueType(let code):
            "metadata value of unknown type \(code). The file is damaged or newer than this program."
        case .nestedArray:
            "an array of arrays, which GGUF readers do not accept. Write the metadata without nesting."
        case .invalidBool(let byte):
            "a boolean holds \(byte); only 0 and 1 are allowed. Fetch or make the file again."
        case .emptyKey:
            "a metadata key is empty. Make the file again."
        case .duplicateKey(let key):
            "the metadata key '\(key)' stands twice. Make the file again."
        case .invalidAlignment(let found):
            "general.alignment is \(found); it must be a u32 that is a power of two, 8 or more. Make the file again."
        case .invalidTensorName(let name):
            "the tensor name '\(name)' is empty or longer than 63 bytes. Make the file again."
        case .duplicateTensor(let name):
            "tensor '\(name)' stands twice. Make the file again."
        case .tooManyDimensions(let tensor, let count):
            "tensor '\(tensor)' has \(count) dimensions; GGUF allows 4. Make the file again."
        case .invalidDimension(let tensor, let dimensions):
            "tensor '\(tensor)' has the dimensions \(dimensions); each must be 1 or more and in range. "
                + "Make the file again."
        case .sizeOverflow(let tensor):
            "the size of tensor '\(tensor)' overflows. Make the file again."
        case .unknownTensorType(let tensor, let code):
            "tensor '\(tensor)' has type \(code), which is unknown or was removed from GGUF. "
                + "Convert the model again with current tools."
        case .partialBlock(let tensor, let rowLength, let blockElements):
            "tensor '\(tensor)' has rows of \(rowLength) elements, no whole number of blocks of \(blockElements). "
                + "Make the file again."
        case .unexpectedOffset(let tensor, let offset, let expected):
            "tensor '\(tensor)' claims offset \(offset) in the data; \(expected) follows from the tensors before it. "
                + "Make the file again."
        case .tensorBeyondFile(let tensor, let end, let fileByteCount):
            "tensor '\(tensor)' ends at byte \(end) but the file ends at byte \(fileByteCount). "
                + "It is truncated; fetch or make it again."
        case .missingKey(let key):
            "the metadata key '\(key)' is missing. Convert the model again."
        case .wrongValueType(let key, let expected, let found):
            "the metadata key '\(key)' is \(found); \(expected) expected. Convert the model again."
        case .missingTensor(let name):
            "tensor '\(name)' is missing. Convert the model again."
        case .notFirstShard(let number, let count):
            "this is file \(number) of \(count) of a model. Give the first one; the others are found by their names."
        case .unnumberedShard(let number, let count):
            "this is file \(number) of \(count) of a model, but its name does not say so. Give it back the end "
                + "'\(GGUFModel.ending(ofShard: number - 1, of: count))', by which the others are found."
        case .wrongShard(let found, let expected):
            "by its name this is file \(expected) of a model, but it says that it is "
                + "\(found.map { "file \($0)" } ?? "none"). Fetch the model again."
        case .wrongShardTensors(let found, let expected):
            "the model's files hold \(found) tensors together; \(expected) are announced. Fetch the model again."
        case .longHeader(let limit):
            "the metadata and the tensor table take more than \(limit) bytes, more than those of any model. Make the file "
                + "again."
        }
    }
}
