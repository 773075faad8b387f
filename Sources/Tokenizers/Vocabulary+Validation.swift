extension Vocabulary {
    /// Runs the checks of a tokenizer on its vocabulary, without making the tokenizer.
    /// - Throws: `TokenizerError` if the vocabulary contradicts itself.
    public func check() throws(TokenizerError) { _ = try validated().tokenTable() }

    /// The validated vocabulary, with empty token texts replaced as in the reference.
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

    /// The token that ends every text, if the vocabulary adds one.
    var ending: Int32? { kind == .wordPiece ? special.separator : special.end }

    /// A table in which the number of each token is its id.
    func tokenTable() throws(TokenizerError) -> ByteStringTable {
        var table = ByteStringTable()
        for (id, text) in tokens.enumerated() {
            let (first, isNew) = table.insert(text.utf8)
            guard isNew else { throw .duplicateToken(text: text, first: first, second: Int32(id)) }
        }
        return table
    }
}
