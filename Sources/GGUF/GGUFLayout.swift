import Tensors

/// Where every byte of a GGUF file that is yet to be written will stand.
///
/// Knowing all offsets first lets several threads write tensors in any order and still give the same file.
public struct GGUFLayout: Sendable {
    /// The tensors in the order of the file.
    public let tensors: [GGUFTensor]
    /// Where each tensor's data begins, from the start of the file, in the order of `tensors`.
    public let offsets: [Int]
    /// Header, metadata and tensor table, padded to the start of the data.
    public let headerBytes: [UInt8]
    /// Length of the whole file in bytes, the padding after the last tensor included.
    public let byteCount: Int

    /// What tensors are aligned to where nothing else is said.
    public static let defaultAlignment = 32

    /// - Parameter alignment: tensors begin at multiples of this, a power of two.
    public init(metadata: Metadata, tensors: [GGUFTensor], alignment: Int = defaultAlignment) {
        var header = HeaderBuilder()
        header.append(GGUFHeader.magic)
        header.append(UInt32(3))
        header.append(UInt64(tensors.count))
        header.append(UInt64(metadata.count))
        for (key, value) in metadata.pairs {
            header.append(key)
            header.append(value)
        }
        var relative: [Int] = []
        var end = 0
        for tensor in tensors {
            relative.append(end)
            header.append(tensor.name)
            header.append(UInt32(tensor.shape.dimensions.count))
            for dimension in tensor.shape.dimensions { header.append(UInt64(dimension)) }
            header.append(tensor.type.rawValue)
            header.append(UInt64(end))
            end += tensor.byteCount
            end += end.padding(to: alignment)
        }
        header.pad(to: alignment)
        let dataStart = header.bytes.count
        self.tensors = tensors
        self.headerBytes = header.bytes
        self.offsets = relative.map { dataStart + $0 }
        self.byteCount = dataStart + end
    }
}
