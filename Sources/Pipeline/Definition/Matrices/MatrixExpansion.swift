import BinaryIO
import Settings
import Yams

/// Expands each entry of a pipeline file into its steps.
///
/// A step with a `matrix` becomes one step for each combination. A step that names one with a matrix has its
/// combinations, too, joined with its own: each of them takes the product of the one step with the same values. A
/// setting with a list of steps does not multiply; it takes all steps that agree.
struct MatrixExpansion {
    /// A step with the values of its combination, ready to be read.
    struct Member {
        /// A mapping without `matrix` and expressions, whose references name steps.
        let node: Node
        let id: String
    }

    /// The most steps of a pipeline after its matrices are expanded.
    static let mostSteps = 1024

    private let kinds: [any StepSettings.Type]
    private let resolver: ExpressionResolver
    /// The known steps with a matrix, by the ids of their entries.
    private var groups: [String: [(combination: MatrixCombination, id: String)]] = [:]
    /// The ids of entries whose steps are not known because of an error; references to them are not reported.
    private var broken: Set<String> = []
    private var stepCount = 0

    init(_ kinds: [any StepSettings.Type], _ resolver: ExpressionResolver) {
        (self.kinds, self.resolver) = (kinds, resolver)
    }

    /// Whether an entry of this id is expanded to several steps.
    func isGroup(_ id: String) -> Bool { groups[id] != nil }

    /// Returns the steps of an entry; empty after an error, which is reported.
    mutating func members(of template: StepTemplate) -> [Member] {
        guard let mapping = template.node.mapping else { return single(template.node, template) }
        let references = references(mapping, template.origin)
        let matrix = template.node["matrix"].flatMap { $0.isNull ? nil : $0 }
        guard matrix != nil || references.contains(where: { $0.names.contains(where: isGroup) }) else {
            return single(Self.without("matrix", resolver.resolve(template.node, template.origin)), template)
        }
        guard let combinations = combinations(of: template, references, matrix) else {
            if let id = template.id { broken.insert(id) }
            return []
        }
        return expand(template, references, combinations)
    }

    /// Combines the combinations of the named steps with those of the matrix; nil if there are none or too many, which
    /// is reported.
    private func combinations(
        of template: StepTemplate,
        _ references: [Reference],
        _ matrix: Node?
    ) -> [MatrixCombination]? {
        let (node, origin) = (template.node, template.origin)
        let named = references.filter { !$0.isList }.flatMap(\.names)
        var factors = named.compactMap { groups[$0]?.map(\.combination) }
        if let matrix {
            guard let own = StepMatrix(resolver.resolve(matrix, origin), origin.log)?.combinations(), !own.isEmpty
            else {
                return nil
            }
            factors.append(own)
        }
        var combinations = [MatrixCombination()]
        for factor in factors {
            combinations = combinations.flatMap { one in factor.filter(one.agrees).map(one.joined) }
            guard combinations.count <= StepMatrix.mostCombinations else {
                origin.log.report(
                    "this step stands for more than \(StepMatrix.mostCombinations) steps, by its matrix and those of the "
                        + "steps that it names. Name fewer of them.",
                    at: node
                )
                return nil
            }
        }
        if combinations.isEmpty {
            origin.log.report(
                "the matrices that meet in this step have no combination in common. Give them the same values.",
                at: node
            )
            return nil
        }
        return combinations
    }

    /// Returns the step of an entry without a matrix.
    private mutating func single(_ node: Node, _ template: StepTemplate) -> [Member] {
        guard count(1, template) else { return [] }
        return [Member(node: node, id: node["id"]?.scalar?.string ?? "")]
    }

    private mutating func count(_ steps: Int, _ template: StepTemplate) -> Bool {
        let isFirstTooMany = stepCount <= Self.mostSteps && stepCount + steps > Self.mostSteps
        stepCount += steps
        if isFirstTooMany {
            template.origin.log.report(
                "the pipeline has more than \(Self.mostSteps) steps, matrices written out. Split it.",
                at: template.node
            )
        }
        return stepCount <= Self.mostSteps
    }

    private mutating func expand(
        _ template: StepTemplate,
        _ references: [Reference],
        _ combinations: [MatrixCombination]
    ) -> [Member] {
        let origin = template.origin
        guard count(combinations.count, template) else { return [] }
        let isMatrix = combinations.first?.values.isEmpty == false
        var group: [(combination: MatrixCombination, id: String)] = []
        var members: [Member] = []
        var base = ""
        for combination in combinations {
            var node = template.node
            if let id = node["id"] {
                let resolved = resolver.resolve(id, origin)
                base = resolved.scalar?.string ?? ""
                node["id"] = resolved
            }
            node = Self.without("matrix", node)
            for reference in references { node = resolving(reference, combination, node, origin) }
            node = resolver.resolve(node, origin, matrix: isMatrix ? combination : nil)
            let id = isMatrix ? "\(base)@\(combination.suffix)" : base
            if group.contains(where: { $0.id == id }) {
                origin.log.report(
                    "two combinations of the matrix make the id '\(id)'. Change a value.",
                    at: template.node
                )
            }
            group.append((combination, id))
            members.append(Member(node: node, id: id))
        }
        // Of two entries with one id the first counts; the reader reports the second.
        if isMatrix, !base.isEmpty, groups[base] == nil { groups[base] = group }
        return members
    }

    /// The names of steps in a setting.
    private struct Reference {
        /// The kind of the step, and the name of the setting.
        let kind: String
        let key: String
        let isList: Bool
        /// The names, except for those that the matrix decides.
        let names: [String]
    }

    private func references(_ mapping: Node.Mapping, _ origin: NodeOrigin) -> [Reference] {
        guard let kind = kinds.first(where: { mapping[Node($0.kind)] != nil }), let settings = mapping[Node(kind.kind)]
        else { return [] }
        return kind.settings.compactMap { setting in
            guard let isList = setting.takes.namesSeveralSteps, let node = settings.mapping?[Node(setting.key)] else {
                return nil
            }
            let nodes = node.sequence.map(Array.init) ?? [node]
            let names = nodes.compactMap { node -> String? in
                let name = name(node, origin)
                if let name, broken.contains(name) { origin.log.settle(at: node) }
                return name
            }
            return Reference(kind: kind.kind, key: setting.key, isList: isList, names: names)
        }
    }

    /// Returns the step that a scalar names; nil if the step's own matrix decides.
    private func name(_ node: Node, _ origin: NodeOrigin) -> String? {
        guard let text = node.scalar?.string else { return nil }
        guard Expression.isIn(text) else { return text }
        let pieces = (try? Expression.pieces(of: text)) ?? []
        let isOpen = pieces.contains {
            if case .expression(let expression) = $0 { expression.scope == "matrix" } else { false }
        }
        return isOpen ? nil : resolver.resolve(node, origin).scalar?.string
    }

    /// Returns the step with the steps of a combination in place of the entries that it names.
    private func resolving(_ reference: Reference, _ combination: MatrixCombination, _ node: Node, _ origin: NodeOrigin)
        -> Node
    {
        guard reference.names.contains(where: isGroup), let settings = node[reference.kind],
            let value = settings[reference.key]
        else { return node }
        func steps(_ node: Node) -> [Node] {
            guard let name = name(node, origin), let group = groups[name] else { return [node] }
            let ids = group.filter { $0.combination.agrees(with: combination) }.map(\.id)
            if ids.isEmpty {
                origin.log.report("no step of '\(name)' has the values of this step's matrix. Leave it out.", at: node)
            }
            return ids.map { .scalar(Node.Scalar($0, .implicit, .singleQuoted, node.mark)) }
        }
        let found: Node
        if reference.isList {
            let nodes = (value.sequence.map(Array.init) ?? [value]).flatMap(steps)
            found = .sequence(Node.Sequence(nodes, .implicit, .flow, value.mark))
        } else {
            found = steps(value).first ?? value
        }
        var changed = node
        changed[reference.kind]?[reference.key] = found
        return changed
    }

    private static func without(_ key: String, _ node: Node) -> Node {
        guard let mapping = node.mapping else { return node }
        let pairs = mapping.filter { $0.key.string != key }.map { ($0.key, $0.value) }
        return .mapping(Node.Mapping(pairs, mapping.tag, mapping.style, mapping.mark))
    }
}
