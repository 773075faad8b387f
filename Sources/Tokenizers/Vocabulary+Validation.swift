extension Vocabulary {
    /// The checks that a tokenizer makes of its vocabulary, without the tokenizer.
    /// - Throws: `TokenizerError` when the vocabulary contradicts itself.
    public func check() throws(TokenizerError) { _ = try validated().tokenTable() }

    /// The vocabulary with empty token texts replaced as the reference does, after checks that nothing contradicts.
    func validated() throws(TokenizerError) -> Vocabulary {
        guard !tokens.isEmpty else { throw .noTokens }
        for (list, found) in [("scores", scores.count), ("token types", types.count)]
        where found != 0 && found != tokens.count {
            throw .countMismatch(list: list, expected: tokens.count, found: found)
        }
        if let token = scores.firstIndex(where: \.isNaN) { throw .notANumber(token: Int32(token)) }
        for (role, id) in special.all where id < 0 || Int(id) >= tokens.count {
            throw .idOutOfRange(role: role, id: id, count: tokens.count)
        }
        if addsBeginning, special.beginning == nil { throw .missingSpecial(role: "bos") }
        if addsEnd, ending == nil { throw .missingSpecial(role: kind == .wordPiece ? "seperator" : "eos") }
        var result = self
        for index in tokens.indices where tokens[index].isEmpty { result.tokens[index] = "[EMPTY_\(index)]" }
        return result
    }

    /// The token after every text that ends with one.
    var ending: Int32? { kind == .wordPiece ? special.separator : special.end }

    /// A table in which each token has its id.
    func tokenTable() throws(TokenizerError) -> ByteStringTable {
        var table = ByteStringTable()
        for (id, text) in tokens.enumerated() {
            let (first, isNew) = table.insert(text.utf8)
            guard isNew else { throw .duplicateToken(text: text, first: first, second: Int32(id)) }
        }
        return table
    }
}
