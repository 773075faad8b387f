/// The elements of a page, read as strictly as XML wants it.
public struct PageReader {
    public struct Element {
        public var name: String
        public var attributes: [String: String]
        /// Of the element and all that is in it, as it stands in the file.
        public var content = ""
    }

    public struct NotWellFormed: Error { var detail: String }

    public private(set) var elements: [Element] = []

    public init(_ text: String) throws {
        var rest = text[...]
        var open: [Int] = []
        while let start = rest.firstIndex(of: "<") {
            let before = rest[..<start]
            guard !before.contains("]]>") else { throw NotWellFormed(detail: "]]> in \(before.suffix(60))") }
            for index in open { elements[index].content += before }
            guard let end = rest[start...].firstIndex(of: ">") else {
                throw NotWellFormed(detail: "a tag without an end")
            }
            let tag = rest[rest.index(after: start)..<end]
            rest = rest[rest.index(after: end)...]
            if tag.hasPrefix("!") { continue }
            if tag.hasPrefix("/") {
                guard let last = open.popLast(), elements[last].name == tag.dropFirst() else {
                    throw NotWellFormed(detail: "</\(tag.dropFirst())> ends nothing that is open")
                }
                continue
            }
            let isEmpty = tag.hasSuffix("/")
            elements.append(try Self.element(isEmpty ? tag.dropLast() : tag))
            if !isEmpty { open.append(elements.count - 1) }
        }
        guard open.isEmpty else { throw NotWellFormed(detail: "\(open.map { elements[$0].name }) are never ended") }
    }

    private static func element(_ tag: Substring) throws -> Element {
        let name = tag.prefix { !$0.isWhitespace }
        var element = Element(name: String(name), attributes: [:])
        var rest = tag.dropFirst(name.count).drop { $0.isWhitespace }
        while !rest.isEmpty {
            let key = rest.prefix { $0 != "=" }
            rest = rest.dropFirst(key.count + 1)
            guard rest.first == "\"", let end = rest.dropFirst().firstIndex(of: "\"") else {
                throw NotWellFormed(detail: "the attribute \(key) of \(name) has no quotes")
            }
            guard element.attributes[String(key)] == nil else { throw NotWellFormed(detail: "\(key) twice") }
            element.attributes[String(key)] = String(rest[rest.index(after: rest.startIndex)..<end])
            rest = rest[rest.index(after: end)...].drop { $0.isWhitespace }
        }
        return element
    }

    public func all(_ name: String, class style: Substring? = nil) -> [Element] {
        elements.filter { element in
            guard element.name == name else { return false }
            return style.map { (element.attributes["class"] ?? "").split(separator: " ").contains($0) } ?? true
        }
    }
}
