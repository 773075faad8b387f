import BinaryIO
import Tensors

/// Everything in a GGUF file before the tensor data, read and checked.
public struct GGUFHeader: Sendable {
    static let magic: UInt32 = 0x4655_4747  // "GGUF"
    /// The longest tensor name: ggml keeps names in 64 bytes with a final zero.
    static let longestTensorName = 63

    /// The version of the format: 2 or 3.
    public let version: UInt32
    /// The key-value pairs, in the order of the file.
    public private(set) var metadata = Metadata()
    /// The tensors in the order of the file.
    public private(set) var tensors: [GGUFTensor] = []
    /// The offset of each tensor's data from the start of the file, in the order of `tensors`.
    public private(set) var offsets: [Int] = []
    private(set) var indices: [String: Int] = [:]
    /// The alignment of the tensors' data, in bytes.
    public let alignment: Int

    /// - Parameters:
    ///   - bytes: the beginning of the file, or all of it.
    ///   - fileByteCount: the size of the whole file, against which every count and size is checked.
    /// - Throws: `LocatedProblem`; `ReadError`, whose problem is `.notGiven` if the header is longer than `bytes`.
    init(reading bytes: UnsafeRawBufferPointer, fileByteCount: Int) throws {
        var reader = ByteReader(bytes, of: fileByteCount)
        if let content = ForeignContent(bytes.prefix(256)) { throw GGUFProblem.foreignContent(content).at(0) }
        guard bytes.count >= 4, try reader.read(UInt32.self) == Self.magic else {
            throw GGUFProblem.notGGUF.at(0)
        }
        version = try reader.read(UInt32.self)
        // Versions are small numbers: an empty lower half means that the byte order is reversed.
        guard version & 0xffff != 0 || version == 0 else { throw GGUFProblem.wrongEndianness.at(4) }
        guard version == 2 || version == 3 else { throw GGUFProblem.unsupportedVersion(version).at(4) }
        let tensorCount = try reader.read(UInt64.self)
        let pairCount = try reader.read(UInt64.self)
        // A pair takes at least 13 bytes, a tensor entry 24.
        guard pairCount <= UInt64(reader.remaining / 13) else {
            throw GGUFProblem.countBeyondFile(what: "the metadata", count: pairCount).at(16)
        }
        guard tensorCount <= UInt64(reader.remaining / 24) else {
            throw GGUFProblem.countBeyondFile(what: "the tensor table", count: tensorCount).at(8)
        }
        for _ in 0..<pairCount {
            let start = reader.offset
            let key = try reader.readString()
            guard !key.isEmpty else { throw GGUFProblem.emptyKey.at(start) }
            guard metadata.append(key, try MetadataValue(reading: &reader)) else {
                throw GGUFProblem.duplicateKey(key).at(start)
            }
        }
        alignment = try Self.alignment(from: metadata)
        try readTensorTable(count: tensorCount, &reader, fileByteCount: fileByteCount)
    }

    private static func alignment(from metadata: Metadata) throws -> Int {
        switch metadata["general.alignment"] {
        case nil:
            return GGUFLayout.defaultAlignment
        case .uint32(let value) where value >= 8 && value.nonzeroBitCount == 1:
            return Int(value)
        case let other?:
            let found = other.integer.map(String.init) ?? other.typeName
            throw GGUFProblem.invalidAlignment(found).at(nil)
        }
    }

    private mutating func readTensorTable(count: UInt64, _ reader: inout ByteReader, fileByteCount: Int) throws {
        var relativeEnd = 0  // where the next tensor's data must begin, from the start of the data section
        var starts: [Int] = []
        for _ in 0..<count {
            let start = reader.offset
            let (tensor, offset) = try readTensor(&reader)
            guard indices.updateValue(tensors.count, forKey: tensor.name) == nil else {
                throw GGUFProblem.duplicateTensor(tensor.name).at(start)
            }
            guard offset == UInt64(relativeEnd) else {
                throw GGUFProblem.unexpectedOffset(tensor: tensor.name, offset: offset, expected: relativeEnd).at(start)
            }
            starts.append(relativeEnd)
            let (end, overflow) = relativeEnd.addingReportingOverflow(tensor.byteCount)
            guard !overflow, end <= Int.max - alignment else {
                throw GGUFProblem.sizeOverflow(tensor: tensor.name).at(start)
            }
            relativeEnd = end + end.padding(to: alignment)
            tensors.append(tensor)
        }
        let dataStart = reader.offset + reader.offset.padding(to: alignment)
        for (tensor, start) in zip(tensors, starts) {
            // Header and data each fit in 63 bits; their sum may not.
            let (end, overflow) = (start + tensor.byteCount).addingReportingOverflow(dataStart)
            guard !overflow, end <= fileByteCount else {
                let reached = overflow ? Int.max : end
                throw GGUFProblem.tensorBeyondFile(tensor: tensor.name, end: reached, fileByteCount: fileByteCount)
                    .at(nil)
            }
            offsets.append(dataStart + start)
        }
    }

    private func readTensor(_ reader: inout ByteReader) throws -> (GGUFTensor, offset: UInt64) {
        let start = reader.offset
        let name = try reader.readString()
        guard !name.isEmpty, name.utf8.count <= Self.longestTensorName else {
            throw GGUFProblem.invalidTensorName(name).at(start)
        }
        let dimensionCount = try reader.read(UInt32.self)
        guard dimensionCount <= 4 else {
            throw GGUFProblem.tooManyDimensions(tensor: name, count: dimensionCount).at(start)
        }
        var dimensions: [UInt64] = []
        for _ in 0..<dimensionCount { dimensions.append(try reader.read(UInt64.self)) }
        guard dimensions.allSatisfy({ $0 > 0 && $0 <= UInt64(Int.max) }) else {
            throw GGUFProblem.invalidDimension(tensor: name, dimensions: dimensions).at(start)
        }
        let code = try reader.read(UInt32.self)
        guard let type = TensorType(rawValue: code) else {
            throw GGUFProblem.unknownTensorType(tensor: name, code: code).at(start)
        }
        let offset = try reader.read(UInt64.self)
        guard let shape = TensorShape(dimensions.map(Int.init)) else {
            throw GGUFProblem.sizeOverflow(tensor: name).at(start)
        }
        guard shape.rowLength.isMultiple(of: type.block.elements) else {
            throw GGUFProblem.partialBlock(
                tensor: name,
                rowLength: shape.rowLength,
                blockElements: type.block.elements
            ).at(start)
        }
        guard let tensor = GGUFTensor(name: name, type: type, shape: shape) else {
            throw GGUFProblem.sizeOverflow(tensor: name).at(start)
        }
        return (tensor, offset)
    }
}
