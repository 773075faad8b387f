/// A text as a doubly linked list of symbols, of which neighbours merge. Both tokenizers work on it.
struct MergeChain {
    struct Symbol {
        var start: Int
        /// Zero once the symbol was merged into its left neighbour.
        var length: Int
        var previous: Int
        var next: Int
    }

    private(set) var symbols: [Symbol] = []

    /// One symbol per UTF-8 sequence of `bytes`, as their first bytes announce them.
    mutating func reset(_ bytes: UnsafeBufferPointer<UInt8>) {
        symbols.removeAll(keepingCapacity: true)
        var offset = 0
        while offset < bytes.count {
            let length = min(sequenceLength(startingWith: bytes[offset]), bytes.count - offset)
            let index = symbols.count
            symbols.append(Symbol(start: offset, length: length, previous: index - 1, next: index + 1))
            offset += length
        }
        if !symbols.isEmpty { symbols[symbols.count - 1].next = -1 }
    }

    /// Joins a symbol and its right neighbour.
    mutating func merge(_ left: Int, _ right: Int) {
        symbols[left].length += symbols[right].length
        symbols[right].length = 0
        let next = symbols[right].next
        symbols[left].next = next
        if next >= 0 { symbols[next].previous = left }
    }

    /// The bytes of each remaining symbol, in order.
    func forEach(
        of bytes: UnsafeBufferPointer<UInt8>,
        _ body: (UnsafeBufferPointer<UInt8>) throws(TokenizerError) -> Void
    )
        throws(TokenizerError)
    {
        for symbol in symbols where symbol.length > 0 {
            try body(UnsafeBufferPointer(rebasing: bytes[symbol.start..<(symbol.start + symbol.length)]))
        }
    }
}
