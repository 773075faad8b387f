/// The little-endian bytes of a GGUF header, growing at the end.
struct HeaderBuilder {
    private(set) var bytes: [UInt8] = []

    mutating func append(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func append(_ text: String) {
        append(UInt64(text.utf8.count))
        bytes.append(contentsOf: text.utf8)
    }

    mutating func pad(to alignment: Int) {
        bytes.append(contentsOf: repeatElement(0, count: bytes.count.padding(to: alignment)))
    }

    /// Appends the value's type code and the value.
    mutating func append(_ value: MetadataValue) {
        append(value.typeCode.rawValue)
        switch value {
        case .uint8(let value): append(value)
        case .int8(let value): append(value)
        case .uint16(let value): append(value)
        case .int16(let value): append(value)
        case .uint32(let value): append(value)
        case .int32(let value): append(value)
        case .float32(let value): append(value.bitPattern)
        case .bool(let value): append(UInt8(value ? 1 : 0))
        case .string(let value): append(value)
        case .array(let value): append(value)
        case .uint64(let value): append(value)
        case .int64(let value): append(value)
        case .float64(let value): append(value.bitPattern)
        }
    }

    private mutating func append(_ array: MetadataArray) {
        append(array.typeCode.rawValue)
        append(UInt64(array.count))
        switch array {
        case .uint8(let elements): bytes.append(contentsOf: elements)
        case .int8(let elements): for element in elements { append(element) }
        case .uint16(let elements): for element in elements { append(element) }
        case .int16(let elements): for element in elements { append(element) }
        case .uint32(let elements): for element in elements { append(element) }
        case .int32(let elements): for element in elements { append(element) }
        case .float32(let elements): for element in elements { append(element.bitPattern) }
        case .bool(let elements): for element in elements { append(UInt8(element ? 1 : 0)) }
        case .string(let elements): for element in elements { append(element) }
        case .uint64(let elements): for element in elements { append(element) }
        case .int64(let elements): for element in elements { append(element) }
        case .float64(let elements): for element in elements { append(element.bitPattern) }
        }
    }
}

extension Int {
    /// Returns the number of bytes to the next multiple of `alignment`.
    package func padding(to alignment: Int) -> Int {
        (alignment - self % alignment) % alignment
    }
}
