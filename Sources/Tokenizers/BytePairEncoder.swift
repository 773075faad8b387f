import HeapModule

/// Byte-level byte-pair encoding: inside each word the neighbours with the best merge rank join first.
///
/// Source: Sennrich et al., "Neural Machine Translation of Rare Words with Subword Units", 2016.
struct BytePairEncoder: Sendable {
    private let preTokenizer: PreTokenizer
    /// Numbers for every text that merges mention; tokens come first and so keep their ids.
    private let texts: ByteStringTable
    private let tokenCount: Int32
    private struct Pair: Hashable {
        let left: Int32
        let right: Int32
    }
    private struct Merge {
        let rank: Int32
        let result: Int32
    }
    private let merges: [Pair: Merge]

    /// - Throws: `TokenizerError` for an unknown pre-tokenizer or a malformed merge.
    init(preTokenizer: PreTokenizer, merges: [String], texts tokens: ByteStringTable) throws(TokenizerError) {
        self.preTokenizer = preTokenizer
        var texts = tokens
        var ranks: [Pair: Merge] = [:]
        ranks.reserveCapacity(merges.count)
        for (rank, text) in merges.enumerated() {
            let bytes = Array(text.utf8)
            // A text may itself start with a space, so the separator is looked for after the first byte.
            guard let space = bytes.dropFirst().firstIndex(of: 0x20) else {
                throw .malformedMerge(index: rank, text: text)
            }
            let left = texts.insert(bytes[..<space]).index
            let right = texts.insert(bytes[(space + 1)...]).index
            let pair = Pair(left: left, right: right)
            guard ranks[pair] == nil else { continue }
            let result = texts.insert(bytes[..<space] + bytes[(space + 1)...]).index
            ranks[pair] = Merge(rank: Int32(rank), result: result)
        }
        self.tokenCount = Int32(tokens.count)
        self.texts = texts
        self.merges = ranks
    }

    private struct Candidate: Comparable {
        let rank: Int32
        let leftIndex: Int
        let rightIndex: Int
        let pair: Pair
        let result: Int32

        static func < (first: Candidate, second: Candidate) -> Bool {
            first.rank < second.rank || (first.rank == second.rank && first.leftIndex < second.leftIndex)
        }

        static func == (first: Candidate, second: Candidate) -> Bool {
            first.rank == second.rank && first.leftIndex == second.leftIndex
        }
    }

    /// Appends the tokens of `bytes`.
    func encode(_ bytes: UnsafeBufferPointer<UInt8>, to output: inout [Int32]) {
        var chain = MergeChain()
        preTokenizer.words(of: bytes) { word in
            ByteAlphabet.spell(word).withUnsafeBufferPointer { encode(word: $0, chain: &chain, to: &output) }
        }
    }

    private func encode(word: UnsafeBufferPointer<UInt8>, chain: inout MergeChain, to output: inout [Int32]) {
        if preTokenizer.takesWholeWords, let token = token(of: word) {
            output.append(token)
            return
        }
        chain.reset(word)
        // The number of each symbol's present text; -1 where no token and no merge mentions it.
        var numbers = chain.symbols.map { symbol in
            texts.index(of: UnsafeBufferPointer(rebasing: word[symbol.start..<(symbol.start + symbol.length)])) ?? -1
        }
        var queue = Heap<Candidate>()
        func propose(_ left: Int, _ right: Int) {
            guard left >= 0, right >= 0 else { return }
            let pair = Pair(left: numbers[left], right: numbers[right])
            guard let merge = merges[pair] else { return }
            queue.insert(
                Candidate(rank: merge.rank, leftIndex: left, rightIndex: right, pair: pair, result: merge.result)
            )
        }
        for index in numbers.indices.dropFirst() { propose(index - 1, index) }
        while let best = queue.popMin() {
            let (left, right) = (best.leftIndex, best.rightIndex)
            guard chain.symbols[left].length > 0, chain.symbols[right].length > 0,
                numbers[left] == best.pair.left, numbers[right] == best.pair.right
            else { continue }
            chain.merge(left, right)
            numbers[left] = best.result
            propose(chain.symbols[left].previous, left)
            propose(left, chain.symbols[left].next)
        }
        for symbol in chain.symbols where symbol.length > 0 {
            append(UnsafeBufferPointer(rebasing: word[symbol.start..<(symbol.start + symbol.length)]), to: &output)
        }
    }

    /// The symbol's token or, where it has none, those of its single bytes that are tokens: as the reference does.
    private func append(_ symbol: UnsafeBufferPointer<UInt8>, to output: inout [Int32]) {
        if let token = token(of: symbol) {
            output.append(token)
            return
        }
        for byte in symbol {
            if let token = texts.index(of: CollectionOfOne(byte)), token < tokenCount { output.append(token) }
        }
    }

    private func token(of text: UnsafeBufferPointer<UInt8>) -> Int32? {
        guard let number = texts.index(of: text), number < tokenCount else { return nil }
        return number
    }
}
