import SystemPackage
import Tensors

/// A model in one GGUF file, or in several that are numbered `-00001-of-00003.gguf` and share one table of tensors.
///
/// The first file has the metadata; pass its path.
public final class GGUFModel: Sendable {
    /// The files in the order of their numbers; one if the model is not split.
    public let files: [GGUFFile]
    /// The tensors in the order of the files and, in each file, in its order.
    public let tensors: [GGUFTensor]
    private let shards: [String: Int]

    /// The first file's path.
    public var path: FilePath { files[0].path }
    /// The first file's key-value pairs, which are the model's.
    public var metadata: Metadata { files[0].metadata }
    /// The alignment of the first file's tensor data, in bytes.
    public var alignment: Int { files[0].alignment }

    /// - Throws: `FileError` if a file cannot be read, `GGUFError` if one is not valid or not part of the model.
    public convenience init(path: FilePath) throws { try self.init(try GGUFFile(path: path)) }

    /// Opens the other files if `first` is one of several.
    public init(_ first: GGUFFile) throws {
        let count = try first.reading { try $0.integer("split.count") } ?? 1
        var files = [first]
        if count > 1 {
            let number = try first.reading { try $0.integer("split.no").required("split.no") }
            func refuse(_ problem: GGUFProblem) -> GGUFError { GGUFError(path: first.path, problem: problem) }
            guard number == 0 else { throw refuse(.notFirstShard(number: number &+ 1, count: count)) }
            guard let prefix = Self.prefix(of: first.path, count: count) else {
                throw refuse(.unnumberedShard(number: 1, count: count))
            }
            for index in 1..<count {
                let file = try GGUFFile(path: Self.shardPath(prefix, index, of: count))
                let found = try file.reading { try $0.integer("split.no") }
                guard found == index else {
                    let problem = GGUFProblem.wrongShard(found: found.map { $0 &+ 1 }, expected: index + 1)
                    throw GGUFError(path: file.path, problem: problem)
                }
                files.append(file)
            }
        }
        var shards: [String: Int] = [:]
        for (index, file) in files.enumerated() {
            for tensor in file.tensors where shards.updateValue(index, forKey: tensor.name) != nil {
                throw GGUFError(path: file.path, problem: .duplicateTensor(tensor.name))
            }
        }
        if count > 1, let expected = try first.reading({ try $0.integer("split.tensors.count") }),
            expected != shards.count
        {
            let problem = GGUFProblem.wrongShardTensors(found: shards.count, expected: expected)
            throw GGUFError(path: first.path, problem: problem)
        }
        self.files = files
        self.shards = shards
        tensors = files.flatMap(\.tensors)
    }

    /// Returns the index of the file that holds the tensor.
    public func shard(of tensor: GGUFTensor) -> Int {
        guard let index = shards[tensor.name] else { preconditionFailure("'\(tensor.name)' is of another model") }
        return index
    }

    /// The tensor's data. The buffer must not outlive this object.
    public func bytes(of tensor: GGUFTensor) -> UnsafeRawBufferPointer { files[shard(of: tensor)].bytes(of: tensor) }

    /// Tells the system that some rows of a tensor will not be read again soon.
    public func releaseRows(_ rows: Range<Int>, of tensor: GGUFTensor) {
        files[shard(of: tensor)].releaseRows(rows, of: tensor)
    }
}

extension GGUFModel {
    /// Returns the path of one of several files: the prefix with `-00001-of-00003.gguf`.
    public static func shardPath(_ prefix: FilePath, _ index: Int, of count: Int) -> FilePath {
        FilePath(prefix.string + ending(ofShard: index, of: count))
    }

    static func ending(ofShard index: Int, of count: Int) -> String {
        func digits(_ number: Int) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, 5 - text.count)) + text
        }
        return "-\(digits(index + 1))-of-\(digits(count)).gguf"
    }

    /// Returns the part of the first file's name before its number; nil if the name has none.
    private static func prefix(of first: FilePath, count: Int) -> FilePath? {
        let ending = ending(ofShard: 0, of: count)
        guard first.string.hasSuffix(ending), first.string.utf8.count > ending.utf8.count else { return nil }
        return FilePath(String(first.string.dropLast(ending.count)))
    }
}
