import BinaryIO
import Settings
import Yams

/// The `matrix` of a step: names with their values, without the excluded combinations, and with the included ones.
///
///     matrix:
///       type: [q8_0, q4_0]
///       context: [512, 2048]
///       exclude: [{ type: q8_0, context: 2048 }]
///       include: [{ type: q4_k_m, context: 512 }]
struct StepMatrix {
    /// The most steps of one entry of a file.
    static let mostCombinations = 256

    private static let include = "include"
    private static let exclude = "exclude"

    private let reader: SettingReader

    /// - Parameter node: the mapping, without expressions.
    init?(_ node: Node, _ log: DiagnosticLog) {
        guard let mapping = node.mapping else {
            log.report("'matrix' must be a mapping from names to lists of values.", at: node)
            return nil
        }
        let names = Array(mapping.keys.compactMap(\.string))
        guard let reader = SettingReader(node, "the matrix", known: names, log) else { return nil }
        self.reader = reader
    }

    /// Returns all combinations, in the order of the lists; reports mistakes in them.
    func combinations() -> [MatrixCombination] {
        let names = reader.keys.filter { ![Self.include, Self.exclude].contains($0) }
        var all: [MatrixCombination] = names.isEmpty ? [] : [MatrixCombination()]
        for name in names {
            guard let values = values(name) else { return [] }
            guard all.count * values.count <= Self.mostCombinations else {
                reader.report(
                    "the matrix has more than \(Self.mostCombinations) combinations. Shorten its lists, or split the step."
                )
                return []
            }
            all = all.flatMap { combination in
                values.map { value in
                    var longer = combination
                    longer.append(name, value)
                    return longer
                }
            }
        }
        exclude(from: &all, names)
        include(into: &all, names)
        if all.isEmpty { reader.report("the matrix has no combination. Give at least one.") }
        if all.count > Self.mostCombinations {
            reader.report("the matrix has more than \(Self.mostCombinations) combinations. Include fewer.")
            return []
        }
        return all
    }

    /// Returns the values of one name; nil if they are invalid, which is reported.
    private func values(_ name: String) -> [Node.Scalar]? {
        guard let node = reader.node(name) else { return nil }
        guard Expression.isName(name) else {
            reader.report("the matrix's name '\(name)' may hold letters, digits, '-' and '_' only.", at: node)
            return nil
        }
        guard let list = node.sequence, !list.isEmpty else {
            reader.report("'\(name)' must be a list of values, such as [q8_0, q4_k_m].", at: node)
            return nil
        }
        var known: Set<String> = []
        let values = list.compactMap { value -> Node.Scalar? in
            guard let scalar = value.scalar, !value.isNull, !scalar.string.isEmpty else {
                reader.report("a value of '\(name)' must be a text, a number or a truth value.", at: value)
                return nil
            }
            guard known.insert(scalar.string).inserted else {
                reader.report("the value '\(scalar.string)' appears twice. Give each once.", at: value)
                return nil
            }
            return scalar
        }
        return values.count == list.count ? values : nil
    }

    /// Removes the combinations that match an entry of `exclude`.
    private func exclude(from all: inout [MatrixCombination], _ names: [String]) {
        for (node, entry) in entries(Self.exclude, names) {
            let before = all.count
            all.removeAll { entry.agrees(with: $0) }
            if all.count == before {
                reader.report("no combination has these values, so nothing is excluded. Correct them.", at: node)
            }
        }
    }

    /// Adds each entry of `include` as a combination, with a value for every name.
    private func include(into all: inout [MatrixCombination], _ names: [String]) {
        var names = names
        for (node, entry) in entries(Self.include, names) {
            if names.isEmpty { names = entry.names }
            guard Set(entry.names) == Set(names) else {
                let wanted = names.map { "'\($0)'" }.joined(separator: " and ")
                reader.report("what is included needs a value for \(wanted), and for nothing else.", at: node)
                continue
            }
            var ordered = MatrixCombination()
            for name in names { if let value = entry[name] { ordered.append(name, value) } }
            guard !all.contains(where: { $0.agrees(with: ordered) }) else {
                reader.report("the matrix has this combination already. Leave it out here.", at: node)
                continue
            }
            all.append(ordered)
        }
    }

    /// Returns the mappings of `include` or `exclude`.
    private func entries(_ key: String, _ names: [String]) -> [(node: Node, entry: MatrixCombination)] {
        guard let list = reader.node(key) else { return [] }
        guard let nodes = list.sequence else {
            reader.report("'\(key)' must be a list of mappings from the matrix's names to values.", at: list)
            return []
        }
        return nodes.compactMap { node in
            let known = names.isEmpty ? Array(node.mapping?.keys.compactMap(\.string) ?? []) : names
            guard let values = reader.inner(node, "'\(key)'", known: known) else { return nil }
            var entry = MatrixCombination()
            for name in known {
                guard let value = values.node(name) else { continue }
                guard let scalar = value.scalar else {
                    reader.report("a value of '\(name)' must be a text, a number or a truth value.", at: value)
                    return nil
                }
                entry.append(name, scalar)
            }
            return entry.values.isEmpty ? nil : (node, entry)
        }
    }
}
