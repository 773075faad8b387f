/// Why a vocabulary cannot be used, or a text cannot be encoded with it.
public enum TokenizerError: Error, Equatable, Sendable, CustomStringConvertible {
    case noTokens
    case countMismatch(list: String, expected: Int, found: Int)
    case duplicateToken(text: String, first: Int32, second: Int32)
    case idOutOfRange(role: String, id: Int32, count: Int)
    case unknownPreTokenizer(name: String, known: [String])
    case malformedMerge(index: Int, text: String)
    case notANumber(token: Int32)
    case missingSpecial(role: String)
    case noTokenForByte(UInt8)
    case malformedCharacterMap

    /// A message with the cause that ends with what to do.
    public var description: String {
        switch self {
        case .noTokens:
            "The vocabulary has no tokens. Convert the model again with its tokenizer files beside it."
        case .countMismatch(let list, let expected, let found):
            "The vocabulary has \(expected) tokens but \(found) \(list). The file is damaged; convert the model again."
        case .duplicateToken(let text, let first, let second):
            "Tokens \(first) and \(second) have the same text \"\(text)\". Remove one of them and convert the model again."
        case .idOutOfRange(let role, let id, let count):
            "The special token \"\(role)\" has id \(id), but ids go from 0 to \(count - 1). Correct the tokenizer "
                + "configuration and convert the model again."
        case .unknownPreTokenizer(let name, let known):
            "The word splitter \"\(name)\" is not known; known are \(known.joined(separator: ", ")). Use a model with one "
                + "of these, or add its rule to PreTokenizer."
        case .malformedMerge(let index, let text):
            "Merge \(index), \"\(text)\", is not two texts with a space between. The file is damaged; convert the model again."
        case .notANumber(let token):
            "The score of token \(token) is not a number. The file is damaged; convert the model again."
        case .missingSpecial(let role):
            "The vocabulary asks for the special token \"\(role)\" around every text but does not name one. Set it in the "
                + "tokenizer configuration and convert the model again."
        case .noTokenForByte(let byte):
            "The vocabulary has no token for byte \(byte), so this text cannot be encoded. Use a vocabulary with byte "
                + "tokens, or remove the characters that it lacks."
        case .malformedCharacterMap:
            "The map by which the vocabulary replaces characters (precompiled_charsmap) is damaged. Convert the model again."
        }
    }
}
