import BinaryIO
import SystemPackage

/// One tensor of a safetensors file.
public struct SafetensorsTensor: Sendable, Equatable {
    /// The name, as the model's code calls the parameter.
    public let name: String
    /// How its elements are stored.
    public let type: SafetensorsType
    /// The dimensions, slowest-varying first, as PyTorch writes them.
    public let shape: [Int]
    /// The range of the data, in bytes from the start of the file.
    public let range: Range<Int>

    /// Creates a value from its parts; each parameter is documented on its property. The caller is responsible for the
    /// range.
    package init(name: String, type: SafetensorsType, shape: [Int], range: Range<Int>) {
        (self.name, self.type, self.shape, self.range) = (name, type, shape, range)
    }
}

/// One safetensors file, opened and checked: the tensors cover its data without gaps, overlap or anything after them.
///
/// Source: the format section of the safetensors README.
public final class SafetensorsFile: Sendable {
    /// The most header bytes that the format allows.
    static let headerLimit: UInt64 = 100_000_000

    /// The path as the caller passed it.
    public let path: FilePath
    /// The tensors in the order of the header.
    public let tensors: [SafetensorsTensor]
    private let mapping: MappedFile

    /// - Throws: `FileError` if the file cannot be read, `SafetensorsError` if it is not valid.
    public init(path: FilePath) throws {
        let mapping = try MappedFile(path: path)
        do {
            tensors = try Self.readHeader(mapping.bytes)
        } catch let problem as SafetensorsProblem {
            throw SafetensorsError(path: path, problem: problem)
        } catch let error as JSONError {
            throw SafetensorsError(path: path, problem: .invalidHeader("\(error)"))
        }
        self.path = path
        self.mapping = mapping
    }

    /// Opens a file that `torch.save` wrote, whose tensors are stored unchanged; they are in the order of its
    /// dictionary.
    /// - Throws: `FileError` if the file cannot be read, `SafetensorsError` if it contains anything other than tensors.
    init(pickle path: FilePath) throws {
        let mapping = try MappedFile(path: path)
        do {
            tensors = try PickledTensors.tensors(in: mapping.bytes)
        } catch let problem as SafetensorsProblem {
            throw SafetensorsError(path: path, problem: problem)
        }
        self.path = path
        self.mapping = mapping
    }

    /// Opens a file of another format whose tensors are stored as in a checkpoint.
    /// - Parameter tensors: the tensors with their ranges; they need not cover all of the file.
    /// - Throws: `FileError` if the file cannot be read, `SafetensorsError` if a tensor reaches beyond it.
    package init(path: FilePath, holding tensors: [SafetensorsTensor]) throws {
        mapping = try MappedFile(path: path)
        for tensor in tensors where tensor.range.upperBound > mapping.count {
            let (end, available) = (tensor.range.upperBound, mapping.count)
            let problem = SafetensorsProblem.beyondFile(tensor: tensor.name, end: end, available: available)
            throw SafetensorsError(path: path, problem: problem)
        }
        self.path = path
        self.tensors = tensors
    }

    /// The tensor's data. The buffer must not outlive this object.
    /// - Precondition: `tensor` is one of this file's.
    public func bytes(of tensor: SafetensorsTensor) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: mapping.bytes[tensor.range])
    }

    /// Tells the system that a range of the file will not be read again soon; see `MappedFile.release`.
    public func release(_ range: Range<Int>) { mapping.release(range) }

    private static func readHeader(_ bytes: UnsafeRawBufferPointer) throws -> [SafetensorsTensor] {
        if let content = ForeignContent(bytes.prefix(256)) { throw SafetensorsProblem.foreignContent(content) }
        guard bytes.count >= 8 else { throw SafetensorsProblem.tooShort(byteCount: bytes.count) }
        let length = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
        guard length <= headerLimit else { throw SafetensorsProblem.headerTooLarge(byteCount: length) }
        let dataStart = 8 + Int(length)
        guard dataStart <= bytes.count else {
            throw SafetensorsProblem.headerBeyondFile(byteCount: length, fileByteCount: bytes.count)
        }
        guard length >= 2, bytes[8] == UInt8(ascii: "{") else {
            throw SafetensorsProblem.invalidHeader("it does not begin with '{'")
        }
        guard case .object(let header) = try JSONValue(parsing: UnsafeRawBufferPointer(rebasing: bytes[8..<dataStart]))
        else { throw SafetensorsProblem.invalidHeader("it is no JSON object") }
        var tensors: [SafetensorsTensor] = []
        for (name, entry) in header.members {
            if name == "__metadata__" {
                guard entry.object?.members.allSatisfy({ $0.value.string != nil }) == true else {
                    throw SafetensorsProblem.invalidHeader("'__metadata__' holds something else than strings")
                }
                continue
            }
            tensors.append(try readEntry(name, entry, dataStart: dataStart, available: bytes.count - dataStart))
        }
        try checkTiling(tensors, dataStart: dataStart, fileByteCount: bytes.count)
        return tensors
    }

    private static func readEntry(
        _ name: String,
        _ entry: JSONValue,
        dataStart: Int,
        available: Int
    ) throws -> SafetensorsTensor {
        guard !name.isEmpty, !name.unicodeScalars.contains(where: { $0.value < 0x20 }) else {
            throw SafetensorsProblem.invalidHeader("a tensor's name is empty or holds control characters")
        }
        guard let typeName = entry["dtype"]?.string else {
            throw SafetensorsProblem.invalidEntry(tensor: name, "'dtype' is missing")
        }
        guard let type = SafetensorsType(rawValue: typeName) else {
            throw SafetensorsProblem.unknownType(tensor: name, type: typeName)
        }
        guard let shape = entry["shape"]?.array?.map(\.integer), shape.allSatisfy({ $0 != nil && $0! >= 0 }) else {
            throw SafetensorsProblem.invalidEntry(tensor: name, "'shape' is not a list of whole numbers")
        }
        guard let pair = entry["data_offsets"]?.array, pair.count == 2, case let offsets = pair.compactMap(\.integer),
            offsets.count == 2, offsets[0] >= 0, offsets[0] <= offsets[1]
        else { throw SafetensorsProblem.invalidEntry(tensor: name, "'data_offsets' is not an ascending pair") }
        var bits = type.bitsPerElement
        for dimension in shape.compactMap({ $0 }) {
            let (product, overflow) = bits.multipliedReportingOverflow(by: dimension)
            guard !overflow else { throw SafetensorsProblem.sizeOverflow(tensor: name) }
            bits = product
        }
        guard bits.isMultiple(of: 8) else {
            throw SafetensorsProblem.invalidEntry(tensor: name, "its elements fill no whole number of bytes")
        }
        guard bits / 8 == offsets[1] - offsets[0] else {
            throw SafetensorsProblem.sizeMismatch(tensor: name, expected: bits / 8, found: offsets[1] - offsets[0])
        }
        guard offsets[1] <= available else {
            throw SafetensorsProblem.beyondFile(tensor: name, end: offsets[1], available: available)
        }
        return SafetensorsTensor(
            name: name,
            type: type,
            shape: shape.compactMap { $0 },
            range: (dataStart + offsets[0])..<(dataStart + offsets[1])
        )
    }

    /// Checks that every byte of the data belongs to exactly one tensor, so that no second meaning can hide in the
    /// file.
    private static func checkTiling(_ tensors: [SafetensorsTensor], dataStart: Int, fileByteCount: Int) throws {
        var end = dataStart
        for tensor in tensors.sorted(by: {
            ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
        }) {
            guard tensor.range.lowerBound == end else {
                throw SafetensorsProblem.gap(
                    tensor: tensor.name,
                    offset: tensor.range.lowerBound - dataStart,
                    expected: end - dataStart
                )
            }
            end = tensor.range.upperBound
        }
        guard end == fileByteCount else { throw SafetensorsProblem.trailingBytes(count: fileByteCount - end) }
    }
}
