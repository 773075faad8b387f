import BinaryIO

/// A query parameter of a request, as the interface document describes it.
package struct Parameter: Sendable {
    /// The form of a value.
    enum Form: Sendable {
        case text
        case integer(ClosedRange<Int>)
        case number
        case flag
        case choice([String])
    }

    let name: String
    var form = Form.text
    /// Whether it may be given several times.
    var isList = false
    var isRequired = false
    /// One sentence for people.
    let help: String
    var example: String?
}

/// The parameters of a request, validated against those of its route.
package struct ParameterValues: Sendable {
    private let values: [String: [String]]

    private static let mostValues = 64

    /// - Parameters:
    ///   - query: the text after the question mark; nil for none.
    ///   - known: the parameters of the route; nil accepts any, because other programs' clients send their own.
    /// - Throws: `ServerError` for an unknown or repeated parameter, or a value of the wrong form.
    package init(_ query: String?, among known: [Parameter]?) throws {
        var values: [String: [String]] = [:]
        let pairs = (query ?? "").split(separator: "&")
        guard pairs.count <= Self.mostValues else {
            throw ServerError.badRequest("more than \(Self.mostValues) parameters.")
        }
        for pair in pairs {
            let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = RequestPath.decode(halves[0], plusIsSpace: true),
                let value = RequestPath.decode(halves.count > 1 ? halves[1] : "", plusIsSpace: true)
            else { throw ServerError.badRequest("a parameter is not written in UTF-8.") }
            values[name, default: []].append(value)
        }
        self.values = values
        guard let known else { return }
        for (name, given) in values.sorted(by: { $0.key < $1.key }) {
            guard let parameter = known.first(where: { $0.name == name }) else {
                let advice =
                    known.isEmpty ? "There are none here." : Spelling.advice(for: name, among: known.map(\.name))
                throw ServerError.badRequest("unknown parameter '\(name.visible)'. \(advice)")
            }
            guard given.count == 1 || parameter.isList else {
                throw ServerError.badRequest("'\(name)' is given \(given.count) times. Give it once.")
            }
            for value in given { try Self.check(value, parameter) }
        }
        for parameter in known where parameter.isRequired && values[parameter.name] == nil {
            throw ServerError.badRequest("'\(parameter.name)' is missing: \(parameter.help)")
        }
    }

    private static func check(_ value: String, _ parameter: Parameter) throws {
        let name = parameter.name
        guard value.unicodeScalars.allSatisfy({ !$0.isHidden }) else {
            throw ServerError.badRequest("'\(name)' holds control characters.")
        }
        switch parameter.form {
        case .text:
            guard !value.isEmpty else {
                throw ServerError.badRequest("'\(name)' is empty. Leave it out, or give a value.")
            }
        case .integer(let range):
            guard let number = Int(value), range.contains(number) else {
                throw ServerError.badRequest("'\(name)' takes \(range.lowerBound) to \(range.upperBound).")
            }
        case .number:
            guard let number = Double(value), number.isFinite, number >= 0 else {
                throw ServerError.badRequest("'\(name)' takes a number of at least 0.")
            }
        case .flag:
            guard ["true", "false"].contains(value) else {
                throw ServerError.badRequest("'\(name)' takes true or false.")
            }
        case .choice(let choices):
            guard choices.contains(value.lowercased()) else {
                throw ServerError.badRequest("'\(name)' takes \(choices.joined(separator: ", ")).")
            }
        }
    }

    func text(_ name: String) -> String? { values[name]?.first }
    func list(_ name: String) -> [String] { values[name] ?? [] }
    func integer(_ name: String) -> Int? { text(name).flatMap { Int($0) } }
    func number(_ name: String) -> Double? { text(name).flatMap { Double($0) } }
    func flag(_ name: String) -> Bool { text(name) == "true" }

    /// Names and values, sorted by name.
    var pairs: [(name: String, value: String)] {
        values.sorted { $0.key < $1.key }.flatMap { name, values in values.map { (name, $0) } }
    }

    /// A text that is the same for the same values in the same order.
    var canonical: String {
        values.sorted { $0.key < $1.key }.map { "\($0.key.utf8.count):\($0.key)=\($0.value)" }.joined(separator: "&")
    }
}
