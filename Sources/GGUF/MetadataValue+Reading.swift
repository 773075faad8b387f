import BinaryIO

extension MetadataValue {
    /// Reads a type code and the value after it. Counts are checked against the remaining bytes before anything is
    /// allocated.
    init(reading reader: inout ByteReader) throws {
        let start = reader.offset
        let code = try reader.read(UInt32.self)
        guard let type = MetadataTypeCode(rawValue: code) else {
            throw GGUFProblem.unknownValueType(code).at(start)
        }
        switch type {
        case .uint8: self = .uint8(try reader.read(UInt8.self))
        case .int8: self = .int8(try reader.read(Int8.self))
        case .uint16: self = .uint16(try reader.read(UInt16.self))
        case .int16: self = .int16(try reader.read(Int16.self))
        case .uint32: self = .uint32(try reader.read(UInt32.self))
        case .int32: self = .int32(try reader.read(Int32.self))
        case .float32: self = .float32(try reader.readFloat())
        case .bool: self = .bool(try reader.readBool())
        case .string: self = .string(try reader.readString())
        case .array: self = .array(try MetadataArray(reading: &reader))
        case .uint64: self = .uint64(try reader.read(UInt64.self))
        case .int64: self = .int64(try reader.read(Int64.self))
        case .float64: self = .float64(try reader.readDouble())
        }
    }
}

extension MetadataArray {
    fileprivate init(reading reader: inout ByteReader) throws {
        let start = reader.offset
        let code = try reader.read(UInt32.self)
        guard let type = MetadataTypeCode(rawValue: code) else {
            throw GGUFProblem.unknownValueType(code).at(start)
        }
        let count = try reader.read(UInt64.self)
        // A string takes at least eight bytes, every other element its own width.
        let least: UInt64 =
            switch type {
            case .uint8, .int8, .bool: 1
            case .uint16, .int16: 2
            case .uint32, .int32, .float32: 4
            case .uint64, .int64, .float64, .string: 8
            case .array: throw GGUFProblem.nestedArray.at(start)
            }
        let (bytes, overflow) = count.multipliedReportingOverflow(by: least)
        guard !overflow, bytes <= UInt64(reader.remaining) else {
            throw GGUFProblem.countBeyondFile(what: "array", count: count).at(start)
        }
        let indices = 0..<Int(count)
        switch type {
        case .uint8: self = .uint8(try indices.map { _ in try reader.read(UInt8.self) })
        case .int8: self = .int8(try indices.map { _ in try reader.read(Int8.self) })
        case .uint16: self = .uint16(try indices.map { _ in try reader.read(UInt16.self) })
        case .int16: self = .int16(try indices.map { _ in try reader.read(Int16.self) })
        case .uint32: self = .uint32(try indices.map { _ in try reader.read(UInt32.self) })
        case .int32: self = .int32(try indices.map { _ in try reader.read(Int32.self) })
        case .float32: self = .float32(try indices.map { _ in try reader.readFloat() })
        case .bool: self = .bool(try indices.map { _ in try reader.readBool() })
        case .string: self = .string(try indices.map { _ in try reader.readString() })
        case .uint64: self = .uint64(try indices.map { _ in try reader.read(UInt64.self) })
        case .int64: self = .int64(try indices.map { _ in try reader.read(Int64.self) })
        case .float64: self = .float64(try indices.map { _ in try reader.readDouble() })
        case .array: throw GGUFProblem.nestedArray.at(start)
        }
    }
}

extension ByteReader {
    /// Reads a GGUF string: its length in bytes as a 64-bit number, then that many bytes of UTF-8.
    mutating func readString() throws -> String {
        let length = try read(UInt64.self)
        return try readUTF8(byteCount: length)
    }

    fileprivate mutating func readBool() throws -> Bool {
        let start = offset
        let byte = try read(UInt8.self)
        guard byte <= 1 else { throw GGUFProblem.invalidBool(byte).at(start) }
        return byte == 1
    }
}
