/// One value of a GGUF file's metadata, with the width that the file gives it, because the width is part of the bytes.
public enum MetadataValue: Equatable, Sendable {
    case uint8(UInt8)
    case int8(Int8)
    case uint16(UInt16)
    case int16(Int16)
    case uint32(UInt32)
    case int32(Int32)
    case float32(Float)
    case bool(Bool)
    case string(String)
    case array(MetadataArray)
    case uint64(UInt64)
    case int64(Int64)
    case float64(Double)
}

/// A GGUF array: all elements have one type, and arrays do not nest.
public enum MetadataArray: Equatable, Sendable {
    case uint8([UInt8])
    case int8([Int8])
    case uint16([UInt16])
    case int16([Int16])
    case uint32([UInt32])
    case int32([Int32])
    case float32([Float])
    case bool([Bool])
    case string([String])
    case uint64([UInt64])
    case int64([Int64])
    case float64([Double])
}

/// GGUF's numbers for the types of metadata values.
enum MetadataTypeCode: UInt32 {
    case uint8 = 0
    case int8, uint16, int16, uint32, int32, float32, bool, string, array, uint64, int64, float64
}

extension MetadataValue {
    var typeCode: MetadataTypeCode {
        switch self {
        case .uint8: .uint8
        case .int8: .int8
        case .uint16: .uint16
        case .int16: .int16
        case .uint32: .uint32
        case .int32: .int32
        case .float32: .float32
        case .bool: .bool
        case .string: .string
        case .array: .array
        case .uint64: .uint64
        case .int64: .int64
        case .float64: .float64
        }
    }

    /// The type of the value, for messages: "u32", "string", "array of i32".
    public var typeName: String {
        switch self {
        case .array(let array): "array of \(array.typeCode)"
        default: "\(typeCode)"
        }
    }

    /// The value as an `Int`; nil unless it is a whole number that fits.
    public var integer: Int? {
        switch self {
        case .uint8(let value): Int(value)
        case .int8(let value): Int(value)
        case .uint16(let value): Int(value)
        case .int16(let value): Int(value)
        case .uint32(let value): Int(value)
        case .int32(let value): Int(value)
        case .uint64(let value): Int(exactly: value)
        case .int64(let value): Int(value)
        case .float32, .float64, .bool, .string, .array: nil
        }
    }

    /// The value as a floating-point number; nil unless it is one.
    public var float: Float? {
        switch self {
        case .float32(let value): value
        case .float64(let value): Float(value)
        default: nil
        }
    }
}

extension MetadataArray {
    var typeCode: MetadataTypeCode {
        switch self {
        case .uint8: .uint8
        case .int8: .int8
        case .uint16: .uint16
        case .int16: .int16
        case .uint32: .uint32
        case .int32: .int32
        case .float32: .float32
        case .bool: .bool
        case .string: .string
        case .uint64: .uint64
        case .int64: .int64
        case .float64: .float64
        }
    }

    /// The number of elements.
    public var count: Int {
        switch self {
        case .uint8(let elements): elements.count
        case .int8(let elements): elements.count
        case .uint16(let elements): elements.count
        case .int16(let elements): elements.count
        case .uint32(let elements): elements.count
        case .int32(let elements): elements.count
        case .float32(let elements): elements.count
        case .bool(let elements): elements.count
        case .string(let elements): elements.count
        case .uint64(let elements): elements.count
        case .int64(let elements): elements.count
        case .float64(let elements): elements.count
        }
    }

    /// The elements as `Int`; nil unless all are whole numbers that fit.
    public var integers: [Int]? {
        switch self {
        case .uint8(let elements): exactly(elements)
        case .int8(let elements): exactly(elements)
        case .uint16(let elements): exactly(elements)
        case .int16(let elements): exactly(elements)
        case .uint32(let elements): exactly(elements)
        case .int32(let elements): exactly(elements)
        case .uint64(let elements): exactly(elements)
        case .int64(let elements): exactly(elements)
        case .float32, .float64, .bool, .string: nil
        }
    }
}

/// Returns all elements as `Int`; nil if one does not fit.
private func exactly<Element: FixedWidthInteger & Sendable>(_ elements: [Element]) -> [Int]? {
    var integers: [Int] = []
    integers.reserveCapacity(elements.count)
    for element in elements {
        guard let integer = Int(exactly: element) else { return nil }
        integers.append(integer)
    }
    return integers
}
