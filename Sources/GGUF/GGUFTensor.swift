import Tensors

/// One entry of a GGUF file's tensor table.
public struct GGUFTensor: Hashable, Sendable {
    /// The name, at most 63 bytes of UTF-8 in a file.
    public let name: String
    /// How its elements are stored.
    public let type: TensorType
    /// The dimensions, fastest-varying first.
    public let shape: TensorShape
    /// The bytes of the tensor's data, without padding.
    public let byteCount: Int

    /// - Returns: nil if rows are not a whole number of blocks or the size overflows.
    public init?(name: String, type: TensorType, shape: TensorShape) {
        guard let row = type.byteCount(elements: shape.rowLength) else { return nil }
        let (bytes, overflow) = row.multipliedReportingOverflow(by: shape.rowCount)
        guard !overflow else { return nil }
        self.name = name
        self.type = type
        self.shape = shape
        self.byteCount = bytes
    }

    /// The bytes of one row.
    public var rowByteCount: Int { shape.rowCount == 0 ? 0 : byteCount / shape.rowCount }
}

extension Sequence<GGUFTensor> {
    /// The number of elements of all tensors together.
    public var elementCount: Int { reduce(0) { $0 + $1.shape.elementCount } }

    /// The bytes of their data, without padding.
    public var byteCount: Int { reduce(0) { $0 + $1.byteCount } }
}
