/// The position and reason of a failed read.
public struct ReadError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Byte offset of the failed read, from the start of the file.
    public let offset: Int
    /// What is wrong there.
    public let problem: Problem

    /// The reasons why bytes cannot be read.
    public enum Problem: Equatable, Sendable {
        /// `needed` bytes were expected, but only `available` are left.
        case truncated(needed: UInt64, available: Int)
        case invalidUTF8
        /// The file extends to at least `end`, but the reader only has the bytes before the offset.
        case notGiven(end: Int)
    }

    package init(offset: Int, problem: Problem) {
        self.offset = offset
        self.problem = problem
    }

    /// The offset and the problem; what to do depends on the file.
    public var description: String {
        switch problem {
        case .truncated(let needed, let available):
            "at byte \(offset): \(needed) bytes expected, \(available) left"
        case .invalidUTF8:
            "at byte \(offset): the text is not valid UTF-8"
        case .notGiven(let end):
            "at byte \(offset): the bytes up to \(end) are not there yet"
        }
    }
}

/// A cursor over little-endian bytes that checks every read against what is left before it moves.
public struct ByteReader {
    private let bytes: UnsafeRawBufferPointer
    private let fileByteCount: Int
    /// Byte offset of the next read, from the start of the buffer.
    public private(set) var offset = 0

    /// - Parameters:
    ///   - bytes: the buffer, which must stay valid as long as the reader is used.
    ///   - fileByteCount: the length of the file that `bytes` are the beginning of; nil if they are the whole file.
    ///     Counts in the file are checked against it, and a read past `bytes` reports that too few bytes were given.
    public init(_ bytes: UnsafeRawBufferPointer, of fileByteCount: Int? = nil) {
        self.bytes = bytes
        self.fileByteCount = max(bytes.count, fileByteCount ?? 0)
    }

    /// The number of bytes of the file that were not read yet.
    public var remaining: Int { fileByteCount - offset }

    /// Reads the next `count` bytes; `count` is unsigned because it usually comes from the file itself.
    public mutating func read(byteCount count: UInt64) throws(ReadError) -> UnsafeRawBufferPointer {
        guard count <= UInt64(remaining) else {
            throw ReadError(offset: offset, problem: .truncated(needed: count, available: remaining))
        }
        guard Int(count) <= bytes.count - offset else {
            throw ReadError(offset: offset, problem: .notGiven(end: offset + Int(count)))
        }
        let slice = UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + Int(count))])
        offset += Int(count)
        return slice
    }

    /// Reads a little-endian integer.
    public mutating func read<Value: FixedWidthInteger>(_: Value.Type) throws(ReadError) -> Value {
        let size = MemoryLayout<Value>.size
        return Value(littleEndian: try read(byteCount: UInt64(size)).loadUnaligned(as: Value.self))
    }

    /// Reads a little-endian number in single precision.
    public mutating func readFloat() throws(ReadError) -> Float {
        Float(bitPattern: try read(UInt32.self))
    }

    /// Reads a little-endian number in double precision.
    public mutating func readDouble() throws(ReadError) -> Double {
        Double(bitPattern: try read(UInt64.self))
    }

    /// Reads `count` bytes of UTF-8.
    public mutating func readUTF8(byteCount count: UInt64) throws(ReadError) -> String {
        let start = offset
        let slice = try read(byteCount: count)
        guard let text = String(validating: slice, as: UTF8.self) else {
            throw ReadError(offset: start, problem: .invalidUTF8)
        }
        return text
    }
}
