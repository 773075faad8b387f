import HeapModule

/// SentencePiece encoding: the neighbours whose joint token has the highest score merge first, until none is a token.
///
/// Source: Kudo and Richardson, "SentencePiece", 2018; order and byte fallback as llama.cpp has them.
struct SentencePieceEncoder: Sendable {
    private let scores: [Float]
    /// The token of each byte, where the vocabulary has one.
    private let byteTokens: [Int32?]

    /// - Parameter scores: one per token, or empty when all are equal.
    init(scores: [Float], texts: ByteStringTable) {
        self.scores = scores.isEmpty ? Array(repeating: 0, count: texts.count) : scores
        byteTokens = (0...255).map { (byte: UInt8) in
            let digits = String(byte, radix: 16, uppercase: true)
            return texts.index(of: "<0x\(byte < 16 ? "0" : "")\(digits)>".utf8) ?? texts.index(of: [byte])
        }
    }

    private struct Candidate: Comparable {
        let score: Float
        let left: Int
        let right: Int
        let length: Int

        /// Lower priority: a lower score, or the same score further right.
        static func < (first: Candidate, second: Candidate) -> Bool {
            first.score < second.score || (first.score == second.score && first.left > second.left)
        }
    }

    /// Appends the tokens of `bytes`, in which spaces are already U+2581.
    /// - Throws: `TokenizerError.noTokenForByte`.
    func encode(_ bytes: UnsafeBufferPointer<UInt8>, texts: ByteStringTable, to output: inout [Int32])
        throws(TokenizerError)
    {
        var chain = MergeChain()
        chain.reset(bytes)
        var queue = Heap<Candidate>()

        func propose(_ left: Int, _ right: Int) {
            guard left >= 0, right >= 0 else { return }
            let start = chain.symbols[left].start
            let length = chain.symbols[left].length + chain.symbols[right].length
            let text = UnsafeBufferPointer(rebasing: bytes[start..<(start + length)])
            guard let token = texts.index(of: text) else { return }
            queue.insert(Candidate(score: scores[Int(token)], left: left, right: right, length: length))
        }

        for index in chain.symbols.indices.dropFirst() { propose(index - 1, index) }
        while let best = queue.popMax() {
            let left = chain.symbols[best.left].length
            let right = chain.symbols[best.right].length
            // One of the two has merged with another neighbour in the meantime.
            guard left > 0, right > 0, left + right == best.length else { continue }
            chain.merge(best.left, best.right)
            propose(chain.symbols[best.left].previous, best.left)
            propose(best.left, chain.symbols[best.left].next)
        }
        try chain.forEach(of: bytes) { symbol throws(TokenizerError) in
            if let token = texts.index(of: symbol) {
                output.append(token)
                return
            }
            for byte in symbol {
                guard let token = byteTokens[Int(byte)] else { throw .noTokenForByte(byte) }
                output.append(token)
            }
        }
    }
}
