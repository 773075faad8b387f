import BinaryIO
import SystemPackage
import Tensors

/// A GGUF file, opened and checked: its metadata, its tensor table, and its data mapped into memory.
///
/// Every count, size and offset is checked against the file before this value exists, so later code may rely on them.
/// Source: the GGUF specification in ggml's `docs/gguf.md`.
public final class GGUFFile: Sendable {
    /// The path as the caller passed it.
    public let path: FilePath
    /// The version of the format: 2 or 3.
    public let version: UInt32
    /// The key-value pairs, in the order of the file.
    public let metadata: Metadata
    /// The tensors in the order of the file.
    public let tensors: [GGUFTensor]
    /// The offset of each tensor's data from the start of the file, in the order of `tensors`.
    public let offsets: [Int]
    /// The alignment of the tensors' data, in bytes.
    public let alignment: Int
    private let indices: [String: Int]
    private let mapping: MappedFile

    /// - Throws: `FileError` if the file cannot be read, `GGUFError` if it is not a valid GGUF file.
    public init(path: FilePath) throws {
        let mapping = try MappedFile(path: path)
        do {
            let header = try GGUFError.naming(path) {
                try GGUFHeader(reading: mapping.bytes, fileByteCount: mapping.count)
            }
            self.path = path
            self.mapping = mapping
            version = header.version
            metadata = header.metadata
            tensors = header.tensors
            offsets = header.offsets
            alignment = header.alignment
            indices = header.indices
        } catch let error as GGUFError where error.problem == .notGGUF {
            let isPart = ["safetensors", "json", "bin", "model"].contains(path.extension ?? "")
            throw isPart ? GGUFError(path: path, problem: .partOfFolder) : error
        }
    }

    /// The length of the file in bytes.
    public var byteCount: Int { mapping.count }

    /// Returns the tensor of a name; nil if there is none.
    public func tensor(named name: String) -> GGUFTensor? { indices[name].map { tensors[$0] } }

    /// The tensor's data. The buffer must not outlive this object.
    /// - Precondition: `tensor` is one of this file's.
    public func bytes(of tensor: GGUFTensor) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: mapping.bytes[range(of: tensor)])
    }

    /// Tells the system that nothing of the file will be read again soon; see `MappedFile.release`.
    public func release() { mapping.release(0..<mapping.count) }

    /// Tells the system that some rows of a tensor will not be read again soon; see `MappedFile.release`.
    public func releaseRows(_ rows: Range<Int>, of tensor: GGUFTensor) {
        let start = range(of: tensor).lowerBound
        mapping.release(
            (start + rows.lowerBound * tensor.rowByteCount)..<(start + rows.upperBound * tensor.rowByteCount)
        )
    }

    /// Runs `body` and adds this file's name to problems with the metadata.
    /// - Throws: `GGUFError` in place of a `GGUFProblem`.
    public func reading<Value>(_ body: (Metadata) throws -> Value) throws -> Value {
        do {
            return try body(metadata)
        } catch let problem as GGUFProblem {
            throw GGUFError(path: path, problem: problem, offset: nil)
        }
    }

    private func range(of tensor: GGUFTensor) -> Range<Int> {
        guard let index = indices[tensor.name], tensors[index] == tensor else {
            preconditionFailure("tensor '\(tensor.name)' belongs to another file")
        }
        return offsets[index]..<(offsets[index] + tensor.byteCount)
    }
}

extension Optional {
    /// Returns the value, or throws the problem that `key` is missing.
    public func required(_ key: String) throws -> Wrapped {
        guard let self else { throw GGUFProblem.missingKey(key) }
        return self
    }
}
