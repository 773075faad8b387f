import BinaryIO
import SystemPackage

/// All tensors of a model, from one safetensors file, from shards with or without an index, or from files that
/// `torch.save` wrote.
public struct SafetensorsCheckpoint: Sendable {
    /// A tensor and the file that holds it.
    public struct Entry: Sendable {
        /// The file, which stays mapped as long as this value exists.
        public let file: SafetensorsFile
        /// The tensor in that file.
        public let tensor: SafetensorsTensor

        /// Creates an entry for a tensor of `file`.
        public init(file: SafetensorsFile, tensor: SafetensorsTensor) {
            self.file = file
            self.tensor = tensor
        }

        /// The tensor's data, row after row. The buffer must not outlive the file.
        public var bytes: UnsafeRawBufferPointer { file.bytes(of: tensor) }

        /// Tells the system that these bytes of the tensor will not be read again soon.
        public func release(_ range: Range<Int>) {
            let start = tensor.range.lowerBound
            file.release((start + range.lowerBound)..<(start + range.upperBound))
        }
    }

    /// The tensors, shard by shard in the order of the shards' names, and in each shard sorted by name, as the
    /// safetensors library lists them: headers put tensors of larger types first.
    public let entries: [Entry]
    /// The files that hold them.
    public let files: [FilePath]

    private static let single = "model.safetensors"
    private static let pickle = "pytorch_model.bin"
    private static let index = "model.safetensors.index.json"
    /// The most shards, far beyond any model.
    private static let mostShards = 1024
    /// The largest index in bytes. It names every tensor; a million long names need less.
    private static let indexLimit = 256 << 20

    /// - Throws: `FileError`, `SafetensorsError`.
    public init(folder: FilePath) throws {
        let indexPath = folder.appending(Self.index)
        do {
            if fileIdentity(indexPath) != nil {
                self = try Self(index: try Self.readIndex(indexPath), folder: folder)
            } else if fileIdentity(folder.appending(Self.single)) != nil {
                self = try Self(files: [try SafetensorsFile(path: folder.appending(Self.single))])
            } else if let shards = try Self.shards("model", "safetensors", in: folder) {
                self = try Self(files: try shards.map { try SafetensorsFile(path: $0) })
            } else if fileIdentity(folder.appending(Self.pickle)) != nil {
                self = try Self(files: [try SafetensorsFile(pickle: folder.appending(Self.pickle))], areSorted: false)
            } else if let shards = try Self.shards("pytorch_model", "bin", in: folder) {
                self = try Self(files: try shards.map { try SafetensorsFile(pickle: $0) }, areSorted: false)
            } else {
                throw SafetensorsProblem.noCheckpoint
            }
        } catch let problem as SafetensorsProblem {
            throw SafetensorsError(path: folder, problem: problem)
        }
    }

    /// Returns all shards `PREFIX-00001-of-0000N.ENDING` of a model without an index.
    /// - Returns: nil if there are none.
    private static func shards(_ prefix: String, _ ending: String, in folder: FilePath) throws -> [FilePath]? {
        func name(_ index: Int, _ count: Int) -> String {
            func digits(_ number: Int) -> String { String("\(100_000 + number)".dropFirst()) }
            return "\(prefix)-\(digits(index))-of-\(digits(count)).\(ending)"
        }
        // The last shard's name contains their number.
        guard
            let count = (1...mostShards).first(where: { count in
                fileIdentity(folder.appending(name(count, count))) != nil
                    || fileIdentity(folder.appending(name(1, count))) != nil
            })
        else { return nil }
        return try (1...count).map { index in
            guard fileIdentity(folder.appending(name(index, count))) != nil else {
                throw SafetensorsProblem.missingShard(name(index, count))
            }
            return folder.appending(name(index, count))
        }
    }

    /// - Parameter areSorted: whether a file's tensors are sorted by name, as the safetensors library lists them;
    ///   otherwise they are in the order in which they were saved.
    private init(files: [SafetensorsFile], areSorted: Bool = true) throws {
        entries = files.flatMap { file in
            // Sorted by the bytes of the names, as Python orders texts.
            let tensors =
                areSorted
                ? file.tensors.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) } : file.tensors
            return tensors.map { Entry(file: file, tensor: $0) }
        }
        self.files = files.map(\.path)
        var seen: Set<String> = []
        for entry in entries {
            guard seen.insert(entry.tensor.name).inserted else {
                throw SafetensorsProblem.duplicateTensor(entry.tensor.name)
            }
        }
    }

    /// - Parameter index: the shard of each tensor.
    private init(index: [String: String], folder: FilePath) throws {
        let shards = Set(index.values).sorted()
        for shard in shards where fileIdentity(folder.appending(shard)) == nil {
            throw SafetensorsProblem.missingShard(shard)
        }
        let files = try shards.map { try SafetensorsFile(path: folder.appending($0)) }
        try self.init(files: files)
        let found = Dictionary(
            uniqueKeysWithValues: entries.map { ($0.tensor.name, $0.file.path.lastComponent?.string) }
        )
        for (name, shard) in index.sorted(by: { $0.key < $1.key }) where found[name] != shard {
            throw SafetensorsProblem.missingTensor(name: name, shard: shard)
        }
        if let stray = entries.first(where: { index[$0.tensor.name] == nil }) {
            throw SafetensorsProblem.strayTensor(name: stray.tensor.name)
        }
    }

    private static func readIndex(_ path: FilePath) throws -> [String: String] {
        let document: JSONValue
        do {
            document = try JSONValue(parsing: try readFile(path, limit: indexLimit))
        } catch let error as JSONError {
            throw SafetensorsError(path: path, problem: .invalidIndex("\(error)"))
        }
        guard let map = document["weight_map"]?.object, !map.members.isEmpty else {
            throw SafetensorsError(path: path, problem: .invalidIndex("'weight_map' is missing or empty"))
        }
        var index: [String: String] = [:]
        for (name, value) in map.members {
            guard let shard = value.string else {
                throw SafetensorsError(path: path, problem: .invalidIndex("'\(name)' names no file"))
            }
            // One plain component: no separator, and nothing that leads out of the folder.
            guard let component = FilePath.Component(shard), component.kind == .regular, component.string == shard
            else {
                throw SafetensorsProblem.unsafeShardName(shard)
            }
            // JSON keys differ as bytes; two that are equal as text would be one tensor.
            guard index.updateValue(shard, forKey: name) == nil else { throw SafetensorsProblem.duplicateTensor(name) }
        }
        return index
    }
}
