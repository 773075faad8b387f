import BinaryIO
import SystemPackage

/// Why a source checkpoint cannot be used.
public struct SafetensorsError: Error, CustomStringConvertible, Sendable {
    /// The path of the file.
    public let path: FilePath
    /// What is wrong with it.
    public let problem: SafetensorsProblem

    /// The file, the cause, and what to do.
    public var description: String { "\(path): \(problem.explanation)" }
}

/// What is wrong with a safetensors file, or with its folder.
public enum SafetensorsProblem: Error, Equatable, Sendable {
    case tooShort(byteCount: Int)
    case headerTooLarge(byteCount: UInt64)
    case headerBeyondFile(byteCount: UInt64, fileByteCount: Int)
    case invalidHeader(String)
    case invalidEntry(tensor: String, String)
    case unknownType(tensor: String, type: String)
    case sizeMismatch(tensor: String, expected: Int, found: Int)
    case sizeOverflow(tensor: String)
    case gap(tensor: String, offset: Int, expected: Int)
    case beyondFile(tensor: String, end: Int, available: Int)
    case trailingBytes(count: Int)
    case duplicateTensor(String)
    case noCheckpoint
    case unreadablePickle(String)
    case invalidIndex(String)
    case unsafeShardName(String)
    case missingShard(String)
    case missingTensor(name: String, shard: String)
    case strayTensor(name: String)
    case foreignContent(ForeignContent)

    /// The problem in words, ending with what to do about it.
    public var explanation: String {
        switch self {
        case .tooShort(let count):
            "the file has \(count) bytes, too few for a safetensors header. Fetch it again."
        case .headerTooLarge(let count):
            "the header claims \(count) bytes; 100,000,000 is the most the format allows. Fetch the file again."
        case .headerBeyondFile(let count, let fileCount):
            "the header claims \(count) bytes but the file has \(fileCount). It is truncated; fetch it again."
        case .invalidHeader(let reason):
            "the header is not what the format asks for, \(reason). Fetch the file again."
        case .invalidEntry(let tensor, let reason):
            "tensor '\(tensor)': \(reason). Fetch the file again."
        case .unknownType(let tensor, let type):
            "tensor '\(tensor)' has the type '\(type)', which is unknown. Save the checkpoint as BF16, F16 or F32."
        case .sizeMismatch(let tensor, let expected, let found):
            "tensor '\(tensor)' takes \(expected) bytes by its shape and \(found) by its offsets. Fetch the file again."
        case .sizeOverflow(let tensor):
            "the size of tensor '\(tensor)' overflows. Fetch the file again."
        case .gap(let tensor, let offset, let expected):
            "tensor '\(tensor)' begins at byte \(offset) of the data; \(expected) follows from the tensors before it. "
                + "Fetch the file again."
        case .beyondFile(let tensor, let end, let available):
            "tensor '\(tensor)' ends at byte \(end) of the data but there are \(available). It is truncated; "
                + "fetch the file again."
        case .trailingBytes(let count):
            "\(count) bytes follow the last tensor. Fetch the file again."
        case .duplicateTensor(let name):
            "tensor '\(name)' stands twice. Save the checkpoint again."
        case .noCheckpoint:
            "the folder holds no model.safetensors, no shards of one, and no pytorch_model.bin. Give the folder that holds the "
                + "model's files."
        case .unreadablePickle(let reason):
            "the pickle is not read: \(reason). Of a pickle, only tensors are read, and nothing is run. Save the model with "
                + "save_pretrained(safe_serialization=True), or fetch a safetensors revision of it."
        case .invalidIndex(let reason):
            "the index is not what it should be, \(reason). Fetch it again."
        case .unsafeShardName(let name):
            "the index names the shard '\(name)', which is not a plain file name. Do not use this checkpoint."
        case .missingShard(let name):
            "the shard '\(name)' is missing, of which the index or the other shards tell. Fetch it."
        case .missingTensor(let name, let shard):
            "the index says that tensor '\(name)' is in '\(shard)', but it is not. Fetch the shard again."
        case .foreignContent(let content):
            content.explanation(of: "this")
        case .strayTensor(let name):
            "tensor '\(name)' is in a shard but not in the index. Fetch the checkpoint again."
        }
    }
}
