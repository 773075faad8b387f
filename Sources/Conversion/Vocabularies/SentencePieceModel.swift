import BinaryIO

/// The pieces of a SentencePiece `tokenizer.model`, read from its protocol buffer.
///
/// Source: `sentencepiece_model.proto`. Field 1 of the model repeats a piece, whose fields are text, score and type;
/// field 2 describes the training, and field 3 the normalization.
package struct SentencePieceModel {
    static let file = "tokenizer.model"

    /// SentencePiece's types of pieces.
    package enum PieceType: UInt64, Sendable {
        case normal = 1
        case unknown, control, userDefined, unused, byte
    }

    package struct Piece {
        package var text = ""
        package var score: Float = 0
        package var type = PieceType.normal
    }

    /// The algorithm that splits a text into pieces.
    package enum Algorithm: UInt64, Sendable {
        case unigram = 1
        case bytePairs, words, characters
    }

    package private(set) var pieces: [Piece] = []
    /// The algorithm; byte pairs if the file does not describe its training.
    package private(set) var algorithm = Algorithm.bytePairs
    /// The ids of the pieces that begin and end a text; negative for none.
    package private(set) var beginning = 1
    package private(set) var end = 2
    package private(set) var addsSpacePrefix = true
    package private(set) var removesExtraSpaces = true
    /// `precompiled_charsmap`, which replaces characters.
    package private(set) var characterMap: [UInt8] = []

    /// - Throws: `ConversionProblem.invalidVocabulary`.
    package init(parsing bytes: [UInt8]) throws {
        do {
            try bytes.withUnsafeBytes { buffer in
                var reader = ByteReader(buffer)
                while reader.remaining > 0 {
                    switch try reader.readField() {
                    case (1, .bytes(let message)): pieces.append(try Self.piece(parsing: message))
                    case (2, .bytes(let message)): try readTraining(message)
                    case (3, .bytes(let message)): try readNormalization(message)
                    default: break
                    }
                }
            }
        } catch let error as ReadError {
            throw ConversionProblem.invalidVocabulary(file: Self.file, reason: "\(error)")
        }
        guard !pieces.isEmpty else {
            throw ConversionProblem.invalidVocabulary(file: Self.file, reason: "it holds no pieces")
        }
    }

    private mutating func readTraining(_ bytes: UnsafeRawBufferPointer) throws {
        algorithm = .unigram
        var reader = ByteReader(bytes)
        while reader.remaining > 0 {
            switch try reader.readField() {
            case (3, .varint(let number)):
                guard let found = Algorithm(rawValue: number) else {
                    throw ConversionProblem.invalidVocabulary(file: Self.file, reason: "it is of a kind \(number)")
                }
                algorithm = found
            case (41, .varint(let id)): beginning = Int(Int64(bitPattern: id))
            case (42, .varint(let id)): end = Int(Int64(bitPattern: id))
            default: break
            }
        }
    }

    private mutating func readNormalization(_ bytes: UnsafeRawBufferPointer) throws {
        var reader = ByteReader(bytes)
        while reader.remaining > 0 {
            switch try reader.readField() {
            case (2, .bytes(let map)): characterMap = Array(map)
            case (3, .varint(let flag)): addsSpacePrefix = flag != 0
            case (4, .varint(let flag)): removesExtraSpaces = flag != 0
            default: break
            }
        }
    }

    private static func piece(parsing bytes: UnsafeRawBufferPointer) throws -> Piece {
        var reader = ByteReader(bytes)
        var piece = Piece()
        while reader.remaining > 0 {
            switch try reader.readField() {
            case (1, .bytes(let text)):
                guard let text = String(validating: text, as: UTF8.self) else {
                    throw ConversionProblem.invalidVocabulary(file: file, reason: "a piece is not valid UTF-8")
                }
                piece.text = text
            case (2, .fixed32(let bits)):
                piece.score = Float(bitPattern: bits)
                guard piece.score.isFinite else {
                    let reason = "a piece has the score \(piece.score)"
                    throw ConversionProblem.invalidVocabulary(file: file, reason: reason)
                }
            case (3, .varint(let number)):
                guard let type = PieceType(rawValue: number) else {
                    throw ConversionProblem.invalidVocabulary(file: file, reason: "a piece has the type \(number)")
                }
                piece.type = type
            default:
                break
            }
        }
        return piece
    }
}

/// A field of a protocol-buffer message.
private enum WireValue {
    case varint(UInt64)
    case fixed64
    case bytes(UnsafeRawBufferPointer)
    case fixed32(UInt32)
}

extension ByteReader {
    /// Reads a field's number and value.
    fileprivate mutating func readField() throws -> (number: UInt64, value: WireValue) {
        let key = try readVarint()
        switch key & 7 {
        case 0: return (key >> 3, .varint(try readVarint()))
        case 1:
            _ = try read(byteCount: 8)
            return (key >> 3, .fixed64)
        case 2: return (key >> 3, .bytes(try read(byteCount: try readVarint())))
        case 5: return (key >> 3, .fixed32(try read(UInt32.self)))
        case let type:
            throw ConversionProblem.invalidVocabulary(
                file: SentencePieceModel.file,
                reason: "at byte \(offset) stands wire type \(type)"
            )
        }
    }

    private mutating func readVarint() throws -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            let byte = try read(UInt8.self)
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
        }
        throw ConversionProblem.invalidVocabulary(
            file: SentencePieceModel.file,
            reason: "at byte \(offset) a number has too many bytes"
        )
    }
}
