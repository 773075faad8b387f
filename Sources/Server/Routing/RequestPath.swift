import BinaryIO

/// The path of a request, decoded component by component. A path that could lead elsewhere is rejected before anything
/// uses it; no component ever becomes a path of a file.
package struct RequestPath: Sendable, Equatable {
    package let components: [String]

    private static let longestComponent = 512

    /// - Parameter text: the text before the question mark.
    /// - Throws: `ServerError`.
    package init(_ text: some StringProtocol) throws {
        guard text.utf8.first == UInt8(ascii: "/") else { throw ServerError.badRequest("a path begins with a slash.") }
        var parts = text.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map { String($0) }
        // A slash at the end stands for an empty component, as in `/v2/` and `blobs/uploads/`.
        if parts.last == "" { parts.removeLast() }
        components = try parts.map { part in
            guard let decoded = Self.decode(part), Self.isPlain(decoded) else {
                throw ServerError.badRequest(
                    "the path holds what no name has. Write it without '..', '//' and control characters."
                )
            }
            return decoded
        }
    }

    private static func isPlain(_ text: String) -> Bool {
        !text.isEmpty && text != "." && text != ".." && text.utf8.count <= longestComponent
            && text.unicodeScalars.allSatisfy { !$0.isHidden && $0 != "/" && $0 != "\\" }
    }

    /// Decodes `%41` to `A`; nil if the text is not UTF-8 or has an incomplete escape.
    static func decode(_ text: some StringProtocol, plusIsSpace: Bool = false) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "+"), plusIsSpace {
                bytes.append(UInt8(ascii: " "))
                continue
            }
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
