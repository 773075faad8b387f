import Yams

/// One combination of a matrix: a value for each of its names.
struct MatrixCombination {
    /// The values in the order of the matrix.
    private(set) var values: [(name: String, value: Node.Scalar)] = []

    var names: [String] { values.map(\.name) }

    subscript(_ name: String) -> Node.Scalar? { values.first { $0.name == name }?.value }

    mutating func append(_ name: String, _ value: Node.Scalar) { values.append((name, value)) }

    /// Whether two combinations have the same value under every common name.
    func agrees(with other: MatrixCombination) -> Bool {
        values.allSatisfy { name, value in other[name].map { $0.string == value.string } ?? true }
    }

    /// Returns the combination with the additional values of another one.
    func joined(with other: MatrixCombination) -> MatrixCombination {
        var joined = self
        for (name, value) in other.values where self[name] == nil { joined.append(name, value) }
        return joined
    }

    /// The suffix of the step's id, such as `q8_0-512`; it is also part of folder names.
    var suffix: String {
        values.map { _, value in
            String(value.string.map { Self.isFit($0) ? $0 : "_" })
        }.joined(separator: "-")
    }

    private static func isFit(_ character: Character) -> Bool {
        character.isASCII && (character.isLetter || character.isNumber || "._".contains(character))
    }
}
