import NIOCore

/// Finds the boundaries of requests in the bytes of a connection, and rejects every head that two programs could read
/// in two ways. The parser behind it gets only what passed.
///
/// Source: RFC 9112, sections 2.2, 3, 5, 6 and 7.1, with the strict variant of each rule.
package struct HeadScanner {
    /// Why a connection ends.
    package struct Refusal: Error, Equatable {
        package let status: Int
        let words: String
    }

    /// What the next byte belongs to.
    private enum State {
        case head
        case body(Int)
        case chunkLine
        case chunk(Int)
        case chunkEnd(Int)
        case trailers
    }

    private let limits: ServerLimits
    private var state = State.head
    /// The part of a head, a chunk's size line, or a trailer that has arrived.
    private var pending: [UInt8] = []
    /// The start of the current line in `pending`, and the number of complete lines.
    private var lineStart = 0
    private var lineCount = 0
    private var trailerBytes = 0

    private static let longestChunkLine = 256

    package init(_ limits: ServerLimits) { self.limits = limits }

    /// Whether a head has begun and is not complete.
    var isInHead: Bool {
        if case .head = state { return !pending.isEmpty }
        return false
    }

    /// Whether a request has begun and is not complete.
    var isInRequest: Bool {
        if case .head = state { return !pending.isEmpty }
        return true
    }

    /// Scans bytes as they arrive.
    /// - Parameter pass: gets the bytes that passed, in order.
    /// - Throws: `Refusal`; no bytes may be passed on after it.
    package mutating func take(_ bytes: ByteBuffer, pass: (ByteBuffer) -> Void) throws {
        var bytes = bytes
        while bytes.readableBytes > 0 {
            switch state {
            case .head:
                guard try takeLines(&bytes) else { return }
                pass(ByteBuffer(bytes: pending))
                state = try Self.framing(of: try head())
                begin()
            case .body(let rest): state = advance(&bytes, rest, pass) { $0 == 0 ? .head : .body($0) }
            case .chunk(let rest): state = advance(&bytes, rest, pass) { $0 == 0 ? .chunkEnd(2) : .chunk($0) }
            case .chunkEnd(let rest):
                guard let byte = bytes.readInteger(as: UInt8.self) else { return }
                guard byte == (rest == 2 ? UInt8(ascii: "\r") : UInt8(ascii: "\n")) else {
                    throw Refusal(status: 400, words: "a chunk of the body is longer than it says")
                }
                pass(ByteBuffer(integer: byte))
                state = rest == 2 ? .chunkEnd(1) : .chunkLine
            case .chunkLine:
                guard try takeLine(&bytes) else { return }
                pass(ByteBuffer(bytes: pending))
                let size = try Self.chunkSize(pending.dropLast(2))
                begin()
                (state, trailerBytes) = (size == 0 ? .trailers : .chunk(size), 0)
            case .trailers:
                guard try takeLine(&bytes) else { return }
                pass(ByteBuffer(bytes: pending))
                trailerBytes += pending.count
                guard trailerBytes <= limits.headerBytes else {
                    throw Refusal(status: 431, words: "the trailers are too long")
                }
                if pending.count == 2 { state = .head } else { _ = try Self.field(pending.dropLast(2)) }
                begin()
            }
        }
    }

    private mutating func begin() {
        pending.removeAll(keepingCapacity: true)
        (lineStart, lineCount) = (0, 0)
    }

    private func advance(
        _ bytes: inout ByteBuffer,
        _ rest: Int,
        _ pass: (ByteBuffer) -> Void,
        _ next: (Int) -> State
    ) -> State {
        let count = min(rest, bytes.readableBytes)
        if let slice = bytes.readSlice(length: count), count > 0 { pass(slice) }
        return next(rest - count)
    }

    // MARK: Lines

    /// Adds bytes to a head up to its empty line.
    private mutating func takeLines(_ bytes: inout ByteBuffer) throws -> Bool {
        while let byte = bytes.readInteger(as: UInt8.self) {
            pending.append(byte)
            guard try endsLine(byte) else {
                if lineCount == 0, pending.count > limits.requestLineBytes {
                    throw Refusal(
                        status: 414,
                        words: "the request line is longer than \(limits.requestLineBytes) bytes"
                    )
                }
                if pending.count > limits.requestLineBytes + limits.headerBytes {
                    throw Refusal(status: 431, words: "the header fields are longer than \(limits.headerBytes) bytes")
                }
                continue
            }
            lineCount += 1
            if lineCount > limits.headerCount + 2 {
                throw Refusal(status: 431, words: "there are more than \(limits.headerCount) header fields")
            }
            if pending.count - lineStart == 2 {
                guard lineCount > 1 else {
                    throw Refusal(status: 400, words: "an empty line stands before the request")
                }
                return true
            }
            lineStart = pending.count
        }
        return false
    }

    /// Adds bytes to a single line up to its end.
    private mutating func takeLine(_ bytes: inout ByteBuffer) throws -> Bool {
        while let byte = bytes.readInteger(as: UInt8.self) {
            pending.append(byte)
            if try endsLine(byte) { return true }
            guard case .trailers = state else {
                if pending.count > Self.longestChunkLine {
                    throw Refusal(status: 400, words: "a chunk's line is too long")
                }
                continue
            }
            if pending.count > limits.headerBytes { throw Refusal(status: 431, words: "a trailer is too long") }
        }
        return false
    }

    /// Whether a byte ends a line. Lines end with CR LF, and neither byte may occur anywhere else.
    private func endsLine(_ byte: UInt8) throws -> Bool {
        let isAfterReturn = pending.count > 1 && pending[pending.count - 2] == UInt8(ascii: "\r")
        switch byte {
        case UInt8(ascii: "\n"):
            guard isAfterReturn else { throw Refusal(status: 400, words: "a line ends without a carriage return") }
            return true
        case UInt8(ascii: "\r") where !isAfterReturn: return false
        case _ where isAfterReturn && pending[pending.count - 2] == UInt8(ascii: "\r"):
            throw Refusal(status: 400, words: "a carriage return stands inside of a line")
        case 0..<0x20 where byte != UInt8(ascii: "\t"), 0x7f:
            throw Refusal(status: 400, words: "a control character stands in the head")
        default: return false
        }
    }

    // MARK: Meaning

    /// The fields of a head that decide where the request's body ends.
    private struct Head {
        var isOld = false
        var hosts = 0
        var lengths: [Int?] = []
        var codings: [String] = []
    }

    private func head() throws -> Head {
        var head = Head()
        var start = 0
        var isFirst = true
        for end in pending.indices where pending[end] == UInt8(ascii: "\n") {
            let line = pending[start..<(end - 1)]
            start = end + 1
            if isFirst {
                head.isOld = try Self.isOld(line)
                isFirst = false
                continue
            }
            guard !line.isEmpty else { break }
            let (name, value) = try Self.field(line)
            switch name {
            case "host":
                head.hosts += 1
                guard !value.isEmpty, value.utf8.allSatisfy(Self.isOfHost) else {
                    throw Refusal(status: 400, words: "the host is not one")
                }
            case "content-length": head.lengths.append(Self.number(value))
            case "transfer-encoding": head.codings.append(value.lowercased())
            default: break
            }
        }
        guard head.hosts == 1 || (head.isOld && head.hosts == 0) else {
            throw Refusal(status: 400, words: "a request names exactly one host")
        }
        return head
    }

    private static func framing(of head: Head) throws -> State {
        if !head.codings.isEmpty {
            guard head.lengths.isEmpty, head.codings == ["chunked"], !head.isOld else {
                throw Refusal(status: 400, words: "the end of the body is not clear")
            }
            return .chunkLine
        }
        guard let first = head.lengths.first else { return .head }
        guard head.lengths.count == 1, let length = first else {
            throw Refusal(status: 400, words: "the length of the body is not clear")
        }
        return length == 0 ? .head : .body(length)
    }

    /// Parses `METHOD /path HTTP/1.1`, with exactly one space between. - Returns: whether the version is 1.0.
    private static func isOld(_ line: ArraySlice<UInt8>) throws -> Bool {
        let words = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        guard words.count == 3, !words[0].isEmpty, words[0].allSatisfy(isOfToken) else {
            throw Refusal(status: 400, words: "the request line is not one")
        }
        guard words[1].first == UInt8(ascii: "/"), words[1].allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw Refusal(status: 400, words: "the target is not a path")
        }
        switch String(decoding: words[2], as: UTF8.self) {
        case "HTTP/1.1": return false
        case "HTTP/1.0": return true
        default: throw Refusal(status: 400, words: "the version of HTTP is not known")
        }
    }

    private static func field(_ line: ArraySlice<UInt8>) throws -> (name: String, value: String) {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex,
            line[..<colon].allSatisfy(isOfToken)
        else { throw Refusal(status: 400, words: "a header field is not one") }
        let isBlank = { (byte: UInt8) in byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
        let value = line[(colon + 1)...].drop(while: isBlank)
        let end = value.lastIndex { !isBlank($0) }.map { $0 + 1 } ?? value.startIndex
        return (
            String(decoding: line[..<colon], as: UTF8.self).lowercased(),
            String(decoding: value[..<end], as: UTF8.self)
        )
    }

    private static func chunkSize(_ line: ArraySlice<UInt8>) throws -> Int {
        let digits = line.prefix { $0 != UInt8(ascii: ";") }
        let text = String(decoding: digits, as: UTF8.self)
        guard (1...12).contains(digits.count), digits.allSatisfy({ Character(.init($0)).isHexDigit }),
            let size = Int(text, radix: 16)
        else { throw Refusal(status: 400, words: "the length of a chunk is not a number") }
        return size
    }

    private static func number(_ text: String) -> Int? {
        guard (1...18).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return Int(text)
    }

    private static func isOfToken(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }

    private static func isOfHost(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: ".-_:[]".utf8.contains(byte)
        }
    }
}
