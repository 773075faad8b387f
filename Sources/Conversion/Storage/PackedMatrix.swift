import Safetensors

/// A matrix of whole numbers of few bits that a checkpoint packs into words of 32, with a scale and a zero for each group of columns:
/// `weight = scale * (number - zero)`.
///
/// Source: the formats of GPTQModel, AutoAWQ and compressed-tensors (`pack-quantized`).
struct PackedMatrix: Sendable {
    /// Where a number's bits are.
    enum Layout: Sendable, Equatable {
        /// A word holds numbers of neighbouring columns, words of all rows lie beside each other; a word of zeros holds
        /// neighbouring rows. Older files store each zero less one.
        case gptq(zerosLessOne: Bool)
        /// A word holds numbers of neighbouring rows, even ones first; columns lie above each other.
        case awq
        /// A word holds numbers of neighbouring columns, rows lie above each other; a word of zeros holds neighbouring rows.
        case rows
    }

    let layout: Layout
    let bits: Int
    let rows: Int
    let columns: Int
    let words: SafetensorsCheckpoint.Entry
    let scales: SafetensorsCheckpoint.Entry
    /// Nil where all zeros are in the middle of the numbers.
    let zeros: SafetensorsCheckpoint.Entry?
    /// The group of each column.
    let groups: [Int]
    let groupCount: Int

    private var perWord: Int { 32 / bits }
    private var mask: UInt32 { UInt32(1) << UInt32(bits) - 1 }

    /// At which place of its word AWQ puts each of eight neighbouring rows.
    private static let interleaved = [0, 4, 1, 5, 2, 6, 3, 7]

    /// Writes a row of weights.
    /// - Parameter weights: room for `columns` of them.
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
