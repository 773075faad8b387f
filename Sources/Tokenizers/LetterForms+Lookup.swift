extension LetterForms {
    /// The lowercase form of a letter; other characters are unchanged.
    static func lowercased(_ value: UInt32) -> UInt32 {
        var (low, high) = (0, smallLetters.count)
        while low < high {
            let middle = (low + high) / 2
            if smallLetters[middle].last < value { low = middle + 1 } else { high = middle }
        }
        guard low < smallLetters.count, case let run = smallLetters[low], run.first <= value,
            (value - run.first).isMultiple(of: run.step)
        else { return value }
        return UInt32(truncatingIfNeeded: Int64(value) + Int64(run.distance))
    }

    /// The first character of the canonical decomposition (NFD); the character itself if it has none.
    static func base(of value: UInt32) -> UInt32 {
        var (low, high) = (0, bases.count)
        while low < high {
            let middle = (low + high) / 2
            if bases[middle] >> 32 <= UInt64(value) { low = middle + 1 } else { high = middle }
        }
        guard low > 0, case let entry = bases[low - 1] else { return value }
        let (first, more) = (UInt32(entry >> 32), UInt32(entry >> 21 & 0x7ff))
        return value - first <= more ? UInt32(entry & 0x1f_ffff) : value
    }
}
