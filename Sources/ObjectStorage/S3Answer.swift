/// Reads the few elements that are needed from an XML answer. It expands only the five entities of XML itself; its
/// caller limits the length of the answer.
package struct S3Answer {
    private let text: Substring

    package init(_ bytes: some Collection<UInt8>) { text = Substring(String(decoding: bytes, as: UTF8.self)) }

    private init(_ text: Substring) { self.text = text }

    /// The content of the first element with this name, whatever its attributes.
    package func first(_ name: String) -> S3Answer? {
        guard let opening = text.firstRange(of: "<\(name)") else { return nil }
        guard let end = text[opening.upperBound...].firstIndex(of: ">") else { return nil }
        let rest = text[text.index(after: end)...]
        guard let closing = rest.firstRange(of: "</\(name)>") else {
            return text[..<end].hasSuffix("/") ? S3Answer("") : nil
        }
        return S3Answer(rest[..<closing.lowerBound])
    }

    /// The contents of all elements with this name, in order. None of them contains another element with its own name.
    package func all(_ name: String) -> [S3Answer] {
        var found: [S3Answer] = []
        var rest = text
        while let opening = rest.firstRange(of: "<\(name)>") {
            rest = rest[opening.upperBound...]
            guard let closing = rest.firstRange(of: "</\(name)>") else { break }
            found.append(S3Answer(rest[..<closing.lowerBound]))
            rest = rest[closing.upperBound...]
        }
        return found
    }

    /// The text of the first element with this name; nil if there is none, or it is not plain text.
    package func text(_ name: String) -> String? { all(name).first?.plain }

    private var plain: String? {
        guard !text.contains("<"), text.utf8.count <= 4096 else { return nil }
        var result = ""
        var rest = text
        while let mark = rest.firstIndex(of: "&") {
            result += rest[..<mark]
            rest = rest[mark...]
            guard let entity = Self.entities.first(where: { rest.starts(with: $0.name) }) else { return nil }
            result += entity.text
            rest = rest.dropFirst(entity.name.count)
        }
        return result + rest
    }

    private static let entities: [(name: String, text: String)] = [
        ("&quot;", "\""), ("&#34;", "\""), ("&#x22;", "\""), ("&apos;", "'"), ("&#39;", "'"), ("&lt;", "<"),
        ("&gt;", ">"),
        ("&amp;", "&"),
    ]
}
