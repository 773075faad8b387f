import Safetensors

/// Files that are wrong in one way each.
enum MalformedSafetensors: CaseIterable {
    case emptyFile, sevenBytes, headerLength0, headerLengthGreatest, headerLengthBeyondLimit, headerLengthBeyondFile
    case headerIsArray, headerBeginsWithSpace, headerIsNoJSON, headerEndsEarly, textAfterHeader, headerIsNoUTF8
    case nestedBomb, duplicateTensor, duplicateTensorByEscape, duplicateKeyInEntry
    case metadataNotStrings, metadataNested, metadataIsText
    case controlCharacterInName, zeroInName, emptyName
    case entryIsNumber, noDtype, unknownDtype, lowerCaseDtype
    case noShape, shapeIsNumber, negativeDimension, fractionalDimension, dimensionBeyondInteger
    case noOffsets, oneOffset, threeOffsets, junkAmongOffsets, descendingOffsets, negativeOffset
    case sizeTooSmall, sizeTooLarge, subByteSize, elementCountOverflow, bitCountOverflow
    case beyondFile, hole, holeAtStart, overlap, trailingByte, dataWithoutTensors

    /// The file and the one thing that the reader must say of it.
    var example: (file: [UInt8], problem: SafetensorsProblem) {
        if let header = headerExample { return header }
        if let entry = entryExample { return entry }
        return dataExample
    }

    private var headerExample: ([UInt8], SafetensorsProblem)? {
        switch self {
        case .emptyFile: ([], .tooShort(byteCount: 0))
        case .sevenBytes: ([1, 0, 0, 0, 0, 0, 0], .tooShort(byteCount: 7))
        case .headerLength0: (safetensors("{}", claiming: 0, data: 0), .invalidHeader("it does not begin with '{'"))
        case .headerLengthGreatest: (safetensors("{}", claiming: ~0, data: 0), .headerTooLarge(byteCount: ~0))
        case .headerLengthBeyondLimit:
            (safetensors("{}", claiming: 100_000_001, data: 0), .headerTooLarge(byteCount: 100_000_001))
        case .headerLengthBeyondFile:
            (safetensors("{}", claiming: 3, data: 0), .headerBeyondFile(byteCount: 3, fileByteCount: 10))
        case .headerIsArray: (safetensors("[1]", data: 0), .invalidHeader("it does not begin with '{'"))
        case .headerBeginsWithSpace: (safetensors(" {}", data: 0), .invalidHeader("it does not begin with '{'"))
        case .headerIsNoJSON: (safetensors("{'a':1}", data: 0), .invalidHeader("at byte 1: '\"' expected"))
        case .headerEndsEarly:
            (safetensors(#"{"a":"#, data: 0), .invalidHeader("at byte 5: the text ends where a value is expected"))
        case .textAfterHeader:
            (safetensors("{}{}", data: 0), .invalidHeader("at byte 2: something follows the end of the document"))
        case .headerIsNoUTF8:
            (
                [5, 0, 0, 0, 0, 0, 0, 0] + [0x7b, 0x22, 0xff, 0x22, 0x7d],
                .invalidHeader("at byte 2: the string is not valid UTF-8")
            )
        case .nestedBomb:
            (
                safetensors(#"{"a":"# + String(repeating: "[", count: 100_000), data: 0),
                .invalidHeader("at byte 69: nested more than 64 levels deep")
            )
        case .duplicateTensor:
            (
                safetensors(header(entry("a", [1], (0, 4)), entry("a", [1], (0, 4))), data: 4),
                .invalidHeader("at byte 54: the key 'a' stands twice")
            )
        case .duplicateTensorByEscape:
            (
                safetensors(header(entry("a", [1], (0, 4)), entry("\\u0061", [1], (0, 4))), data: 4),
                .invalidHeader("at byte 54: the key 'a' stands twice")
            )
        case .duplicateKeyInEntry:
            (
                safetensors(#"{"a":{"dtype":"F32","dtype":"F16"}}"#, data: 0),
                .invalidHeader("at byte 20: the key 'dtype' stands twice")
            )
        case .metadataNotStrings: metadata(#"{"a":1}"#)
        case .metadataNested: metadata(#"{"a":{"b":"c"}}"#)
        case .metadataIsText: metadata(#""text""#)
        case .controlCharacterInName: name("a\\n")
        case .zeroInName: name("a\\u0000b")
        case .emptyName: name("")
        default: nil
        }
    }

    private var entryExample: ([UInt8], SafetensorsProblem)? {
        switch self {
        case .entryIsNumber: one("1", "'dtype' is missing")
        case .noDtype: one(#"{"shape":[1],"data_offsets":[0,4]}"#, "'dtype' is missing")
        case .unknownDtype:
            (safetensors(header(entry("a", as: "F7", [1], (0, 4))), data: 4), .unknownType(tensor: "a", type: "F7"))
        case .lowerCaseDtype:
            (safetensors(header(entry("a", as: "f32", [1], (0, 4))), data: 4), .unknownType(tensor: "a", type: "f32"))
        case .noShape: one(#"{"dtype":"F32","data_offsets":[0,4]}"#, Self.badShape)
        case .shapeIsNumber: shape("4")
        case .negativeDimension: shape("[-1]")
        case .fractionalDimension: shape("[1.0]")
        case .dimensionBeyondInteger: shape("[9223372036854775808]")
        case .noOffsets: one(#"{"dtype":"F32","shape":[1]}"#, Self.badOffsets)
        case .oneOffset: offsets("[4]")
        case .threeOffsets: offsets("[0,4,4]")
        case .junkAmongOffsets: offsets(#"[0,"x",4]"#)
        case .descendingOffsets: offsets("[4,0]")
        case .negativeOffset: offsets("[-4,0]")
        default: nil
        }
    }

    private var dataExample: ([UInt8], SafetensorsProblem) {
        switch self {
        case .sizeTooSmall: alone([2], (0, 4), .sizeMismatch(tensor: "a", expected: 8, found: 4))
        case .sizeTooLarge: alone([1], (0, 5), .sizeMismatch(tensor: "a", expected: 4, found: 5))
        case .subByteSize:
            (
                safetensors(header(entry("a", as: "F4", [3], (0, 1))), data: 1),
                .invalidEntry(tensor: "a", "its elements fill no whole number of bytes")
            )
        case .elementCountOverflow: alone([1 << 32, 1 << 32], (0, 0), .sizeOverflow(tensor: "a"))
        case .bitCountOverflow: alone([1 << 58], (0, 1 << 60), .sizeOverflow(tensor: "a"))
        case .beyondFile: alone([3], (0, 12), .beyondFile(tensor: "a", end: 12, available: 8))
        case .hole: pair((5, 9), data: 9, .gap(tensor: "b", offset: 5, expected: 4))
        case .holeAtStart: alone([1], (4, 8), .gap(tensor: "a", offset: 4, expected: 0))
        case .overlap: pair((2, 6), data: 6, .gap(tensor: "b", offset: 2, expected: 4))
        case .trailingByte: alone([1], (0, 4), .trailingBytes(count: 4))
        case .dataWithoutTensors: (safetensors("{}", data: 3), .trailingBytes(count: 3))
        default: preconditionFailure("\(self) has no example")
        }
    }
}

extension MalformedSafetensors {
    private static let badShape = "'shape' is not a list of whole numbers"
    private static let badOffsets = "'data_offsets' is not an ascending pair"

    private func metadata(_ value: String) -> ([UInt8], SafetensorsProblem) {
        (
            safetensors(#"{"__metadata__":\#(value)}"#, data: 0),
            .invalidHeader("'__metadata__' holds something else than strings")
        )
    }

    private func name(_ name: String) -> ([UInt8], SafetensorsProblem) {
        (
            safetensors(header(entry(name, [1], (0, 4))), data: 4),
            .invalidHeader("a tensor's name is empty or holds control characters")
        )
    }

    /// A file of one tensor "a" with any entry.
    private func one(_ value: String, _ reason: String) -> ([UInt8], SafetensorsProblem) {
        (safetensors(#"{"a":\#(value)}"#, data: 4), .invalidEntry(tensor: "a", reason))
    }

    private func shape(_ shape: String) -> ([UInt8], SafetensorsProblem) {
        one(#"{"dtype":"F32","shape":\#(shape),"data_offsets":[0,4]}"#, Self.badShape)
    }

    private func offsets(_ offsets: String) -> ([UInt8], SafetensorsProblem) {
        one(#"{"dtype":"F32","shape":[1],"data_offsets":\#(offsets)}"#, Self.badOffsets)
    }

    /// A file of one single-precision tensor "a" and eight bytes of data.
    private func alone(
        _ shape: [Int],
        _ offsets: (Int, Int),
        _ problem: SafetensorsProblem
    ) -> ([UInt8], SafetensorsProblem) {
        (safetensors(header(entry("a", shape, offsets)), data: 8), problem)
    }

    private func pair(
        _ second: (Int, Int),
        data: Int,
        _ problem: SafetensorsProblem
    ) -> ([UInt8], SafetensorsProblem) {
        (safetensors(header(entry("a", [1], (0, 4)), entry("b", [1], second)), data: data), problem)
    }
}
