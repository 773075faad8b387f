/// The code points that a rule lists one by one or by class. White space is never included.
struct CodePointSet: Sendable, Equatable {
    /// The ranges in order, without overlaps.
    private let ranges: [ClosedRange<UInt32>]
    private let classes: CharacterClass

    init(_ ranges: [ClosedRange<UInt32>] = [], classes: CharacterClass = []) {
        var merged: [ClosedRange<UInt32>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = merged.last, last.upperBound >= range.lowerBound {
                merged[merged.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                merged.append(range)
            }
        }
        self.ranges = merged
        self.classes = classes
    }

    func contains(_ value: UInt32, _ own: CharacterClass) -> Bool {
        guard !own.contains(.whiteSpace) else { return false }
        return !own.isDisjoint(with: classes) || contains(value)
    }

    func contains(_ value: UInt32) -> Bool {
        var (low, high) = (0, ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound < value { low = middle + 1 } else { high = middle }
        }
        return low < ranges.count && ranges[low].contains(value)
    }
}

extension CodePointSet {
    static let letters = CodePointSet(classes: .letter)
    static let punctuationMarks = CodePointSet(classes: .punctuation)
    static let numbers = CodePointSet(classes: .number)
    /// Punctuation of every script, and all ASCII symbols.
    static let marksOfASCII = CodePointSet([0x21...0x2f, 0x3a...0x40, 0x5b...0x60, 0x7b...0x7e], classes: .punctuation)
    /// Chinese characters and kana.
    static let hanAndKana = CodePointSet([0x3040...0x30ff, 0x4e00...0x9fa5])
    /// Chinese characters, Hangul, and the code points before them from U+0800 on.
    static let eastern = CodePointSet([0x0800...0x9fa5, 0xac00...0xd7ff])
    static let hangul = CodePointSet([0x3131...0x318e, 0xac00...0xd7a3])
    static let bopomofo = CodePointSet([0x3105...0x312f])
    static let widePunctuation = CodePointSet([
        0x2014...0x2014, 0x2018...0x2019, 0x201c...0x201d, 0x2026...0x2026, 0x3001...0x303f, 0xfe30...0xfe4f,
        0xff01...0xff01, 0xff0c...0xff0c, 0xff1a...0xff1b,
    ])
}
