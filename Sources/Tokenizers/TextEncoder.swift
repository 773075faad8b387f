/// An algorithm that turns text into tokens.
protocol TextEncoder: Sendable {
    /// Appends the text between two special tokens in the form that `encode` reads.
    func prepare(_ bytes: UnsafeBufferPointer<UInt8>, followsSpecial: Bool, to prepared: inout [UInt8])

    /// Appends the tokens of a range of prepared text.
    /// - Parameter memory: remembers the words of this text, and the positions of their tokens in `output`.
    func encode(
        _ range: Range<Int>,
        of text: UnsafeBufferPointer<UInt8>,
        memory: inout WordMemory,
        to output: inout [Int32]
    ) throws(TokenizerError)
}
