import GGUF
import TestSupport

/// Files that are wrong in one way each; most of these ways have crashed some reader.
enum MalformedGGUF: CaseIterable {
    case emptyFile, badMagic, version0, version1, version4, bigEndian
    case pairCountNegative, pairCountGreatest, tensorCountNegative, tensorCountGreatest
    case keyLengthNegative, keyLengthGreatest, stringLengthNegative, stringLengthGreatest
    case arrayCountNegative, arrayCountGreatest, arrayCountThatWraps, stringArrayCount, stringInArrayLength
    case unknownValueType, unknownElementType, nestedArray, invalidBool, invalidBoolInArray
    case badUTF8InKey, badUTF8InValue, badUTF8InName
    case emptyKey, duplicateKey
    case alignment0, alignment3, alignment4, alignmentOfWrongWidth, alignmentAsString, alignmentBeyondFile
    case fiveDimensions, fourBillionDimensions, zeroDimension, negativeDimension, greatestDimension
    case elementCountOverflow, byteCountOverflow, sumOverflow, endOverflow
    case unknownTensorType, removedTensorType, removedRepackedType, partialBlock
    case duplicateTensor, emptyName, nameOf64Bytes
    case firstOffsetNotZero, overlappingOffset, unalignedOffset, gapBetweenTensors, hugeOffset
    case dataPastTheEnd, noDataAtAll

    /// The file and the one thing that the reader must say of it.
    var example: (file: [UInt8], problem: GGUFProblem) {
        if let header = headerExample { return header }
        if let metadata = metadataExample { return metadata }
        return tensorExample
    }

    private var headerExample: ([UInt8], GGUFProblem)? {
        switch self {
        case .emptyFile: ([], .notGGUF)
        case .badMagic: (sound { $0.magic = Array("GGML".utf8) }, .notGGUF)
        case .version0: (sound { $0.version = 0 }, .unsupportedVersion(0))
        case .version1: (sound { $0.version = 1 }, .unsupportedVersion(1))
        case .version4: (sound { $0.version = 4 }, .unsupportedVersion(4))
        case .bigEndian: (sound { $0.version = UInt32(3).bigEndian }, .wrongEndianness)
        case .pairCountNegative:
            (sound { $0.pairCount = 1 << 63 }, .countBeyondFile(what: "the metadata", count: 1 << 63))
        case .pairCountGreatest: (sound { $0.pairCount = ~0 }, .countBeyondFile(what: "the metadata", count: ~0))
        case .tensorCountNegative:
            (sound { $0.tensorCount = 1 << 63 }, .countBeyondFile(what: "the tensor table", count: 1 << 63))
        case .tensorCountGreatest:
            (sound { $0.tensorCount = ~0 }, .countBeyondFile(what: "the tensor table", count: ~0))
        default: nil
        }
    }

    private var metadataExample: ([UInt8], GGUFProblem)? {
        switch self {
        // A key "k" takes 9 bytes of the file's 24 and more; what a length claims is compared with the bytes behind it.
        case .keyLengthNegative: (onePair { $0.append(UInt64(1) << 63) }, .truncated(needed: 1 << 63, available: 16))
        case .keyLengthGreatest: (onePair { $0.append(UInt64.max) }, .truncated(needed: ~0, available: 16))
        case .stringLengthNegative:
            (value(8) { $0.append(UInt64(1) << 63) }, .truncated(needed: 1 << 63, available: 16))
        case .stringLengthGreatest: (value(8) { $0.append(UInt64.max) }, .truncated(needed: ~0, available: 16))
        case .arrayCountNegative: (array(of: 0, count: 1 << 63), .countBeyondFile(what: "array", count: 1 << 63))
        case .arrayCountGreatest: (array(of: 0, count: ~0), .countBeyondFile(what: "array", count: ~0))
        // Times eight bytes this is 8 again, in 64 bits.
        case .arrayCountThatWraps:
            (array(of: 10, count: 1 << 61 + 1), .countBeyondFile(what: "array", count: 1 << 61 + 1))
        case .stringArrayCount: (array(of: 8, count: 3), .countBeyondFile(what: "array", count: 3))
        case .stringInArrayLength:
            (array(of: 8, count: 1) { $0.append(UInt64.max) }, .truncated(needed: ~0, available: 16))
        case .unknownValueType: (value(13) { $0.append(UInt64(0)) }, .unknownValueType(13))
        case .unknownElementType: (array(of: 99, count: 1), .unknownValueType(99))
        case .nestedArray: (array(of: 9, count: 1), .nestedArray)
        case .invalidBool: (value(7) { $0.append(UInt8(2)) }, .invalidBool(2))
        case .invalidBoolInArray: (array(of: 7, count: 2) { $0.bytes += [1, 255] }, .invalidBool(255))
        case .badUTF8InKey: (sound { $0.addPair([0xff], type: 7) { $0.append(UInt8(1)) } }, .invalidUTF8)
        case .badUTF8InValue: (value(8) { $0.append(counted: [0x61, 0xc3]) }, .invalidUTF8)
        case .badUTF8InName: (sound { $0.tensors[1].name = [0xed, 0xa0, 0x80] }, .invalidUTF8)
        case .emptyKey: (sound { $0.addPair("", type: 7) { $0.append(UInt8(1)) } }, .emptyKey)
        case .duplicateKey: (sound { $0.pairs.append($0.pairs[1]) }, .duplicateKey("test.block_count"))
        case .alignment0: (alignment(0), .invalidAlignment("0"))
        case .alignment3: (alignment(3), .invalidAlignment("3"))
        case .alignment4: (alignment(4), .invalidAlignment("4"))
        case .alignmentOfWrongWidth:
            (sound { $0.addPair("general.alignment", type: 10) { $0.append(UInt64(64)) } }, .invalidAlignment("64"))
        case .alignmentAsString:
            (
                sound { $0.addPair("general.alignment", type: 8) { $0.append(counted: "32") } },
                .invalidAlignment("string")
            )
        default: nil
        }
    }

    private var tensorExample: ([UInt8], GGUFProblem) {
        switch self {
        case .alignmentBeyondFile:
            // All tensors claim the offset that this alignment asks for, but the file ends long before.
            return (
                sound { builder in
                    builder.addPair("general.alignment", type: 4) { $0.append(UInt32(1) << 31) }
                    builder.tensors.removeLast(2)
                },
                .tensorBeyondFile(tensor: "a.weight", end: 1 << 31 + 32, fileByteCount: 422)
            )
        case .fiveDimensions:
            return (second { $0.dimensions = [1, 1, 1, 1, 1] }, .tooManyDimensions(tensor: "b.weight", count: 5))
        case .fourBillionDimensions:
            return (second { $0.dimensionCount = ~0 }, .tooManyDimensions(tensor: "b.weight", count: ~0))
        case .zeroDimension: return dimensions([32, 0]) { .invalidDimension(tensor: "b.weight", dimensions: $0) }
        case .negativeDimension:
            return dimensions([32, 1 << 63]) { .invalidDimension(tensor: "b.weight", dimensions: $0) }
        case .greatestDimension: return dimensions([~0]) { .invalidDimension(tensor: "b.weight", dimensions: $0) }
        case .elementCountOverflow: return dimensions([1 << 32, 1 << 32]) { _ in .sizeOverflow(tensor: "b.weight") }
        case .byteCountOverflow:
            return (alone([1 << 62], type: 0), .sizeOverflow(tensor: "b.weight"))  // 2^64 bytes of single precision
        case .sumOverflow:
            return (
                sound { builder in
                    builder.tensors[0] = .init("a.weight", [1 << 62], type: 24, offset: 0)
                    builder.tensors[1] = .init("b.weight", [1 << 62], type: 24, offset: 1 << 62)
                },
                .sizeOverflow(tensor: "b.weight")
            )
        case .endOverflow:
            // The size fits in 63 bits, but not behind the header.
            return (
                alone([1 << 63 - 64], type: 24),
                .tensorBeyondFile(tensor: "b.weight", end: .max, fileByteCount: 390)
            )
        case .unknownTensorType: return (second { $0.type = 43 }, .unknownTensorType(tensor: "b.weight", code: 43))
        case .removedTensorType: return (second { $0.type = 4 }, .unknownTensorType(tensor: "b.weight", code: 4))
        case .removedRepackedType: return (second { $0.type = 31 }, .unknownTensorType(tensor: "b.weight", code: 31))
        case .partialBlock:
            return dimensions([33, 2]) { _ in .partialBlock(tensor: "b.weight", rowLength: 33, blockElements: 32) }
        case .duplicateTensor: return (second { $0.name = Array("a.weight".utf8) }, .duplicateTensor("a.weight"))
        case .emptyName: return (second { $0.name = [] }, .invalidTensorName(""))
        case .nameOf64Bytes:
            let name = String(repeating: "n", count: 64)
            return (second { $0.name = Array(name.utf8) }, .invalidTensorName(name))
        case .firstOffsetNotZero:
            return (
                sound { $0.tensors[0].offset = 32 },
                .unexpectedOffset(tensor: "a.weight", offset: 32, expected: 0)
            )
        case .overlappingOffset: return offset(0)
        case .unalignedOffset: return offset(33)
        case .gapBetweenTensors: return offset(64)
        case .hugeOffset: return offset(~0)
        case .dataPastTheEnd:
            return (sound { $0.dataByteCount -= 1 }, .tensorBeyondFile(tensor: "c.bias", end: 486, fileByteCount: 485))
        case .noDataAtAll:
            return (sound { $0.dataByteCount = 0 }, .tensorBeyondFile(tensor: "a.weight", end: 416, fileByteCount: 384))
        default: preconditionFailure("\(self) has no example")
        }
    }
}

extension MalformedGGUF {
    private func sound(_ change: (inout GGUFBuilder) -> Void) -> [UInt8] {
        var builder = GGUFBuilder.sound
        change(&builder)
        return builder.file
    }

    /// A file of one pair, which `pair` writes, and sixteen bytes behind what it writes.
    private func onePair(_ pair: (inout LittleEndianBytes) -> Void) -> [UInt8] {
        var bytes = LittleEndianBytes()
        pair(&bytes)
        var builder = GGUFBuilder()
        builder.pairs = [bytes]
        return builder.header + [UInt8](repeating: 0, count: 16)
    }

    private func value(_ type: UInt32, _ value: (inout LittleEndianBytes) -> Void) -> [UInt8] {
        onePair { pair in
            pair.append(counted: "k")
            pair.append(type)
            value(&pair)
        }
    }

    private func array(of type: UInt32, count: UInt64, _ elements: (inout LittleEndianBytes) -> Void = { _ in })
        -> [UInt8]
    {
        value(9) { pair in
            pair.append(type)
            pair.append(count)
            elements(&pair)
        }
    }

    private func alignment(_ alignment: UInt32) -> [UInt8] {
        sound { $0.addPair("general.alignment", type: 4) { $0.append(alignment) } }
    }

    private func second(_ change: (inout GGUFBuilder.Tensor) -> Void) -> [UInt8] { sound { change(&$0.tensors[1]) } }

    private func dimensions(_ dimensions: [UInt64], _ problem: ([UInt64]) -> GGUFProblem) -> ([UInt8], GGUFProblem) {
        (second { $0.dimensions = dimensions }, problem(dimensions))
    }

    private func offset(_ offset: UInt64) -> ([UInt8], GGUFProblem) {
        (second { $0.offset = offset }, .unexpectedOffset(tensor: "b.weight", offset: offset, expected: 32))
    }

    private func alone(_ dimensions: [UInt64], type: UInt32) -> [UInt8] {
        sound { $0.tensors = [.init("b.weight", dimensions, type: type, offset: 0)] }
    }
}
