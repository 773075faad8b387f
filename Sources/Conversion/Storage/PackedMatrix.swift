import Safetensors

/// A matrix of integers of few bits that a checkpoint packs into 32-bit words, with a scale and a zero for each group
/// of columns: `weight = scale * (number - zero)`.
///
/// Source: the formats of GPTQModel, AutoAWQ and compressed-tensors (`pack-quantized`).
struct PackedMatrix: Sendable {
    /// The positions of a number's bits.
    enum Layout: Sendable, Equatable {
        /// A word has numbers of neighbouring columns, and the words of all rows are side by side; a word of zeros has
        /// neighbouring rows. Older files store each zero minus one.
        case gptq(zerosLessOne: Bool)
        /// A word has numbers of neighbouring rows, even ones first; columns follow one another.
        case awq
        /// A word has numbers of neighbouring columns, and rows follow one another; a word of zeros has neighbouring
        /// rows.
        case rows
    }

    let layout: Layout
    let bits: Int
    let rows: Int
    let columns: Int
    let words: SafetensorsCheckpoint.Entry
    let scales: SafetensorsCheckpoint.Entry
    /// The zeros; nil if each is the middle of the range.
    let zeros: SafetensorsCheckpoint.Entry?
    /// The group of each column.
    let groups: [Int]
    let groupCount: Int

    private var perWord: Int { 32 / bits }
    private var mask: UInt32 { UInt32(1) << UInt32(bits) - 1 }

    /// The position in its word at which AWQ stores each of eight neighbouring rows.
    private static let interleaved = [0, 4, 1, 5, 2, 6, 3, 7]

    /// Writes a row of weights.
    /// - Parameter weights: memory for `columns` weights.
    func decode(row: Int, into weights: UnsafeMutableBufferPointer<Float>) {
        let (scales, zeros) = (groupScales(of: row), groupZeros(of: row))
        let words = words.bytes
        for column in 0..<columns {
            let word: Int
            let place: Int
            switch layout {
            case .gptq: (word, place) = (column / perWord * rows + row, column % perWord)
            case .awq: (word, place) = (column * (rows / perWord) + row / perWord, Self.interleaved[row % perWord])
            case .rows: (word, place) = (row * ((columns + perWord - 1) / perWord) + column / perWord, column % perWord)
            }
            let number = Int32(Self.word(words, word) >> UInt32(place * bits) & mask)
            let group = groups[column]
            weights[column] = scales[group] * Float(number - zeros[group])
        }
    }

    private func groupScales(of row: Int) -> [Float] {
        (0..<groupCount).map { group in
            let index = layout == .rows ? row * groupCount + group : group * rows + row
            return WeightDecoder.numbers(of: scales, index..<(index + 1))[0]
        }
    }

    private func groupZeros(of row: Int) -> [Int32] {
        guard let zeros = zeros?.bytes else { return Array(repeating: Int32(1) << Int32(bits - 1), count: groupCount) }
        return (0..<groupCount).map { group in
            let word: Int
            var place = row % perWord
            var shift: Int32 = 0
            switch layout {
            case .gptq(let zerosLessOne):
                word = group * (rows / perWord) + row / perWord
                shift = zerosLessOne ? 1 : 0
            case .awq:
                word = group * (rows / perWord) + row / perWord
                place = Self.interleaved[place]
            case .rows:
                word = row / perWord * groupCount + group
            }
            return Int32(Self.word(zeros, word) >> UInt32(place * bits) & mask) + shift
        }
    }

    @inline(__always)
    private static func word(_ bytes: UnsafeRawBufferPointer, _ index: Int) -> UInt32 {
        UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self))
    }
}
