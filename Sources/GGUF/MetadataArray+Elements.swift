extension MetadataArray {
    /// Returns the elements at some indices, in the order of these.
    /// - Precondition: all indices are valid.
    public func elements(at places: [Int]) -> MetadataArray {
        switch self {
        case .uint8(let values): .uint8(places.map { values[$0] })
        case .int8(let values): .int8(places.map { values[$0] })
        case .uint16(let values): .uint16(places.map { values[$0] })
        case .int16(let values): .int16(places.map { values[$0] })
        case .uint32(let values): .uint32(places.map { values[$0] })
        case .int32(let values): .int32(places.map { values[$0] })
        case .float32(let values): .float32(places.map { values[$0] })
        case .bool(let values): .bool(places.map { values[$0] })
        case .string(let values): .string(places.map { values[$0] })
        case .uint64(let values): .uint64(places.map { values[$0] })
        case .int64(let values): .int64(places.map { values[$0] })
        case .float64(let values): .float64(places.map { values[$0] })
        }
    }
}
