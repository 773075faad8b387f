/// A chart from the source through the steps to the builds, from left to right.
struct LineageChart {
    /// An input or output of steps.
    struct Node {
        enum Kind: String { case source, between, build }
        var digest: String
        var kind: Kind
        var name: String
    }

    let nodes: [Node]
    let steps: [ReportedStep]
    let title: String

    private static let (boxWidth, boxHeight, gap, row) = (168.0, 44.0, 140.0, 60.0)
    /// The length, in chart units, that the arrows of a step share before they fan out, below the step's name.
    private static let trunk = 72.0

    /// The most steps from a node to one that no step leads to. The search is bounded, because rows may form cycles.
    private var depths: [String: Int] {
        var depths: [String: Int] = [:]
        for node in nodes { depths[node.digest] = 0 }
        for _ in nodes.indices {
            var isSettled = true
            for step in steps {
                guard let from = depths[step.from], let to = depths[step.to] else { continue }
                let wanted = min(from + 1, nodes.count)
                if to < wanted { (depths[step.to], isSettled) = (wanted, false) }
            }
            if isSettled { break }
        }
        return depths
    }

    var svg: Markup {
        let depths = depths
        let levels = Dictionary(grouping: nodes) { depths[$0.digest] ?? 0 }
        let order = levels.keys.sorted()
        let most = levels.values.map(\.count).max() ?? 1
        let height = Double(most) * Self.row + 8
        let width = Double(order.count) * (Self.boxWidth + Self.gap) - Self.gap + 4
        var places: [String: (x: Double, y: Double)] = [:]
        for (column, level) in order.enumerated() {
            let found = levels[level] ?? []
            let top = (height - Double(found.count) * Self.row) / 2
            for (index, node) in found.enumerated() {
                let y = top + Double(index) * Self.row + (Self.row - Self.boxHeight) / 2
                places[node.digest] = (2 + Double(column) * (Self.boxWidth + Self.gap), y)
            }
        }
        let arrows = steps.compactMap { step -> Markup? in
            guard let from = places[step.from], let to = places[step.to] else { return nil }
            return arrow(step, from, to)
        }
        // A step that fans out is labelled once, where its arrows begin.
        let names = Dictionary(grouping: steps) { "\($0.from) \($0.kind)" }.keys.sorted().compactMap { key -> Markup? in
            let parts = key.split(separator: " ", maxSplits: 1).map(String.init)
            guard let from = places[parts[0]], parts.count > 1 else { return nil }
            let (x, y) = (from.x + Self.boxWidth + Self.trunk / 2, from.y + Self.boxHeight / 2 - 7)
            return "<text class=\"step\" x=\"\(x)\" y=\"\(y)\" text-anchor=\"middle\">\(parts[1])</text>"
        }
        return """
            <svg class="chart lineage" viewBox="0 0 \(width) \(height)" role="img" aria-labelledby="lineage-title lineage-desc" \
            style="max-width: \(Int(width))px">
            <title id="lineage-title">\(title)</title>
            <desc id="lineage-desc">\(steps.map { "\(name(of: $0.from)) – \($0.kind) – \(name(of: $0.to))" }.joined(separator: "; "))</desc>
            \(arrows.joined())
            \(names.joined())
            \(nodes.compactMap { node in places[node.digest].map { box(node, $0.x, $0.y) } }.joined())
            </svg>
            """
    }

    private func name(of digest: String) -> String { nodes.first { $0.digest == digest }?.name ?? digest.shortDigest }

    private func arrow(_ step: ReportedStep, _ from: (x: Double, y: Double), _ to: (x: Double, y: Double)) -> Markup {
        let (x1, y1) = (from.x + Self.boxWidth, from.y + Self.boxHeight / 2)
        let (x2, y2) = (to.x - 2, to.y + Self.boxHeight / 2)
        let (fork, bend) = (x1 + Self.trunk, (Self.gap - Self.trunk) * 0.55)
        return """
            <path class="flow" d="M\(x1) \(y1) H\(fork) C\(fork + bend) \(y1) \(x2 - bend) \(y2) \(x2 - 6) \(y2)">\
            <title>\(step.kind): \(name(of: step.from)) – \(name(of: step.to))</title></path>\
            <path class="head" d="M\(x2) \(y2) l-8 -4 v8 Z"/>
            """
    }

    private func box(_ node: Node, _ x: Double, _ y: Double) -> Markup {
        let name = node.name.count > 22 ? "\(node.name.prefix(21))…" : node.name
        return """
            <g><title>\(node.name): \(node.digest)</title>\
            <rect class="node \(node.kind.rawValue)" x="\(x)" y="\(y)" width="\(Self.boxWidth)" height="\(Self.boxHeight)" rx="6"/>\
            <text class="node" x="\(x + Self.boxWidth / 2)" y="\(y + 19)" text-anchor="middle">\(name)</text>\
            <text class="digest" x="\(x + Self.boxWidth / 2)" y="\(y + 35)" text-anchor="middle">\(node.digest.shortDigest)</text></g>
            """
    }
}
