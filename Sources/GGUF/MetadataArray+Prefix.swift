extension MetadataArray {
    /// The first elements, at most `count`.
    public func prefix(_ count: Int) -> MetadataArray {
        switch self {
        case .uint8(let values): .uint8(Array(values.prefix(count)))
        case .int8(let values): .int8(Array(values.prefix(count)))
        case .uint16(let values): .uint16(Array(values.prefix(count)))
        case .int16(let values): .int16(Array(values.prefix(count)))
        case .uint32(let values): .uint32(Array(values.prefix(count)))
        case .int32(let values): .int32(Array(values.prefix(count)))
        case .float32(let values): .float32(Array(values.prefix(count)))
        case .bool(let values): .bool(Array(values.prefix(count)))
        case .string(let values): .string(Array(values.prefix(count)))
        case .uint64(let values): .uint64(Array(values.prefix(count)))
        case .int64(let values): .int64(Array(values.prefix(count)))
        case .float64(let values): .float64(Array(values.prefix(count)))
        }
    }
}
