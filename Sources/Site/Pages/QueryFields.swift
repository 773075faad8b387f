/// The raw input of the form on the query page. Empty fields are ignored.
public struct QueryFields: Hashable, Sendable {
    /// The names of the fields, which are those of the query's settings.
    package enum Name: String, CaseIterable, Sendable {
        case device, ram, platform, context, model, channel, kind, license
        case minSpeed = "min-speed"
        case maxSize = "max-size"
    }

    private var values: [Name: String] = [:]

    /// The longest value of a field, in characters; a longer one is cut.
    private static let longestValue = 256

    /// - Parameter parameters: names and values; unknown names are ignored, and the first value of a repeated name
    ///   counts.
    public init(_ parameters: [(name: String, value: String)] = []) {
        for (name, value) in parameters {
            guard let name = Name(rawValue: name), values[name] == nil else { continue }
            let text = value.drop(while: \.isWhitespace).prefix(Self.longestValue)
            if !text.isEmpty { values[name] = String(text) }
        }
    }

    package subscript(name: Name) -> String? {
        get { values[name] }
        set { values[name] = newValue }
    }

    var isEmpty: Bool { values.isEmpty }

    /// Names and values, in the order of the form.
    package var parameters: [(name: String, value: String)] {
        Name.allCases.compactMap { name in values[name].map { (name.rawValue, $0) } }
    }
}
