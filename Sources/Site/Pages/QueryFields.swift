/// What somebody filled into the form of the query page, as they wrote it. Empty fields are not asked.
public struct QueryFields: Hashable, Sendable {
    /// The names of the fields, which are those of the query's settings.
    enum Name: String, CaseIterable, Sendable {
        case device, ram, platform, context, model, channel, kind, license
        case minSpeed = "min-speed"
        case maxSize = "max-size"
    }

    private var values: [Name: String] = [:]

    /// Longer values are no answer to any field.
    private static let longestValue = 256

    /// - Parameter parameters: names and values; unknown names do not count, and of one name the first value does.
    public init(_ parameters: [(name: String, value: String)] = []) {
        for (name, value) in parameters {
            guard let name = Name(rawValue: name), values[name] == nil else { continue }
            let text = value.drop(while: \.isWhitespace).prefix(Self.longestValue)
            if !text.isEmpty { values[name] = String(text) }
        }
    }

    subscript(name: Name) -> String? {
        get { values[name] }
        set { values[name] = newValue }
    }

    var isEmpty: Bool { values.isEmpty }

    /// In the order of the form.
    var parameters: [(name: String, value: String)] {
        Name.allCases.compactMap { name in values[name].map { (name.rawValue, $0) } }
    }
}
