import HTTPTypes

/// The bytes of a file that a request asks for. Source: RFC 9110, section 14.
package enum ByteRange: Equatable, Sendable {
    case whole
    case part(Range<Int>)
    /// A range outside the file.
    case unsatisfiable

    /// - Parameters:
    ///   - count: size of the file, in bytes.
    ///   - etag: the file's ETag; a range that depends on another one is answered with the whole file.
    package init(_ headers: HTTPFields, count: Int, etag: String) {
        self = .whole
        guard let text = headers[.range] else { return }
        if let condition = headers[.ifRange], condition != etag { return }
        self.init(text, count: count)
    }

    /// Parses a range. A malformed one is ignored, and several ranges are answered with the whole file.
    package init(_ text: String, count: Int) {
        self = .whole
        guard text.lowercased().hasPrefix("bytes=") else { return }
        let ends = text.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false).map(\.trimmingBlanks)
        guard ends.count == 2 else { return }
        func number(_ text: String) -> Int? {
            (1...18).contains(text.utf8.count) && text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(text) : nil
        }
        if ends[0].isEmpty {
            guard let length = number(ends[1]) else { return }
            self = length == 0 || count == 0 ? .unsatisfiable : .part(max(0, count - length)..<count)
            return
        }
        guard let first = number(ends[0]) else { return }
        if ends[1].isEmpty {
            self = first < count ? .part(first..<count) : .unsatisfiable
            return
        }
        guard let last = number(ends[1]), last >= first else { return }
        self = first < count ? .part(first..<min(last + 1, count)) : .unsatisfiable
    }
}
