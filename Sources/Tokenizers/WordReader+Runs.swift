/// Implements the cases of `WordSplitRule` that isolate pieces for only a few model families.
extension WordReader {
    func endOfRun(at start: Int, of sets: [CodePointSet], afterSpace: Bool) -> Int {
        let first = afterSpace && has(.whiteSpace, at: start) ? start + 1 : start
        for set in sets where has(set, at: first) {
            return endOfRun(at: first, limit: .max) { has(set, at: $0) }
        }
        return start
    }

    func endOfEndingSpace(at start: Int) -> Int {
        let end = endOfRun(at: start, limit: .max) { has(.whiteSpace, at: $0) }
        return end == range.upperBound ? end : start
    }

    func endOfUnpunctuated(at start: Int) -> Int {
        let first = value(at: start) == 0x20 ? start + 1 : start
        let end = endOfRun(at: first, limit: .max) { !has(.whiteSpace, at: $0) && !endsClause(value(at: $0)) }
        return end > first ? end : start
    }

    /// `( ) | . , ! ? … 。 ， 、 । ۔ ،`
    private func endsClause(_ value: UInt32) -> Bool {
        switch value {
        case 0x28, 0x29, 0x7c, 0x2e, 0x2c, 0x21, 0x3f, 0x2026, 0x3002, 0xff0c, 0x3001, 0x0964, 0x06d4, 0x060c: true
        default: false
        }
    }

    // MARK: Threes from the end

    func cutNumbersFromEnd(_ ends: inout [Int]) {
        var position = range.lowerBound
        while position < range.upperBound {
            let end = endOfRun(at: position, limit: .max) { has(.number, at: $0) }
            if end == position {
                position += 1
                continue
            }
            let rest = (end - position) % 3
            if rest > 0 { ends.append(position + rest) }
            ends += stride(from: position + rest + 3, through: end, by: 3)
            position = end
        }
        if ends.last ?? -1 < range.upperBound { ends.append(range.upperBound) }
    }

    func cutDigitsFromEnd(_ ends: inout [Int]) {
        var position = range.lowerBound
        while position < range.upperBound {
            let end = endOfRun(at: position, limit: .max) { (0x30...0x39).contains(value(at: $0)) }
            let cuts = stride(from: position + (end - position) % 3, to: end, by: 3)
            ends += cuts.filter { $0 > range.lowerBound }
            position = max(end, position + 1)
        }
        ends.append(range.upperBound)
    }

    // MARK: Chameleon

    func endOfSentinel(at start: Int) -> Int {
        guard let first = end(of: "<sentinel:", at: start) else { return start }
        let last = endOfRun(at: first, limit: .max) { (0x30...0x39).contains(value(at: $0)) }
        return last > first && value(at: last) == 0x3e ? last + 1 : start
    }

    func endOfImage(at start: Int) -> Int {
        guard let first = end(of: "IMGIMG", at: start) else { return start }
        let last = endOfRun(at: first, limit: 4) { (0x41...0x49).contains(value(at: $0)) }
        return last > first && value(at: last) == 0x5a ? last + 1 : start
    }

    func endOfIndent(at start: Int) -> Int {
        if value(at: start) == 0x09 || value(at: start) == 0x0a { return start + 1 }
        let spaces = endOfRun(at: start, limit: 4) { value(at: $0) == 0x20 } - start
        return start + (spaces == 4 ? 4 : spaces >= 2 ? 2 : 0)
    }

    /// The end of an ASCII text at this position; nil if the text is not there.
    private func end(of text: StaticString, at start: Int) -> Int? {
        for index in 0..<text.utf8CodeUnitCount where value(at: start + index) != UInt32(text.utf8Start[index]) {
            return nil
        }
        return start + text.utf8CodeUnitCount
    }
}
