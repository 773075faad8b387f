import BlockFormats
import GGUF
import Tensors

/// A matrix of weights as stored in the mapped file, in any type that can be decoded.
///
/// Unchecked: the bytes are read-only and live as long as the `LanguageModel` that returned the matrix.
struct WeightMatrix: @unchecked Sendable {
    let name: String
    let type: TensorType
    /// The index in a stack; 0 for a single matrix.
    let index: Int
    /// The length of the output and of the input.
    let rows: Int
    let columns: Int
    private let bytes: UnsafeRawBufferPointer
    private let rowByteCount: Int

    /// - Parameters:
    ///   - file: nil if only the shape is needed.
    ///   - index: the index of the matrix in a stack.
    ///   - count: the number of matrices in the stack.
    init(_ tensor: GGUFTensor, in file: GGUFFile?, index: Int = 0, of count: Int = 1) {
        name = tensor.name
        type = tensor.type
        self.index = index
        columns = tensor.shape.rowLength
        rows = tensor.shape.rowCount / count
        rowByteCount = tensor.rowByteCount
        guard let file else {
            bytes = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        let whole = file.bytes(of: tensor)
        let byteCount = rows * rowByteCount
        bytes = UnsafeRawBufferPointer(rebasing: whole[(index * byteCount)..<((index + 1) * byteCount)])
    }

    /// Returns the weights of some rows as single-precision numbers: in place if stored so in the file, otherwise
    /// decoded.
    /// - Parameter scratch: memory for `range.count * columns` numbers.
    func rows(_ range: Range<Int>, scratch: UnsafeMutablePointer<Float>) -> UnsafePointer<Float> {
        let start = storedRows(range)
        if type == .f32, let base = start.baseAddress, Int(bitPattern: base).isMultiple(of: 4) {
            return base.assumingMemoryBound(to: Float.self)
        }
        let target = UnsafeMutableBufferPointer(start: scratch, count: range.count * columns)
        BlockCodec.decode(type, start, into: target)
        return UnsafePointer(scratch)
    }

    /// Returns the bytes of some rows as stored in the file.
    func storedRows(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        precondition(range.lowerBound >= 0 && range.upperBound <= rows)
        let slice = bytes[(range.lowerBound * rowByteCount)..<(range.upperBound * rowByteCount)]
        return UnsafeRawBufferPointer(rebasing: slice)
    }
}
