/// A page that shows how a run spent its time, with a bar for each step.
public struct TimingsPage: Sendable {
    /// One step of the run.
    public struct Step: Sendable {
        /// The step's id.
        public var name: String
        /// The step's key in the pipeline file.
        public var kind: String
        /// When the step began, in seconds after the start of the run.
        public var start: Double
        /// The step's duration, in seconds.
        public var seconds = 0.0
        /// The outcome: `done`, `cached`, `failed`.
        public var status = ""
        /// Seconds by part of the step, in the order in which the parts began.
        private(set) var parts: [(name: String, seconds: Double)] = []

        /// Creates a step that has begun.
        public init(name: String, kind: String, start: Double) {
            (self.name, self.kind, self.start) = (name, kind, start)
        }

        /// Adds time spent on a part of the step.
        /// - Parameter seconds: the duration, in seconds.
        public mutating func add(_ seconds: Double, to part: String) {
            if let index = parts.firstIndex(where: { $0.name == part }) {
                parts[index].seconds += seconds
            } else if parts.count < Self.mostParts {
                parts.append((part, seconds))
            }
        }

        private static let mostParts = 200
    }

    private let pipeline: String
    private let tool: String
    private let steps: [Step]

    /// - Parameters:
    ///   - tool: the program's version.
    ///   - steps: the steps, in the order in which they began.
    public init(pipeline: String, tool: String, steps: [Step]) {
        (self.pipeline, self.tool, self.steps) = (pipeline, tool, steps)
    }

    private var total: Double { steps.map { $0.start + $0.seconds }.max() ?? 0 }

    /// A single HTML file that loads nothing else.
    public var html: String {
        let page = ReportPage(
            title: pipeline,
            subtitle: "Where \(number(total, 1)) seconds went, with edgepipe \(tool)",
            chips: [],
            cards: [],
            sections: [ReportPage.Section(id: "steps", title: "Steps", blocks: [chart])]
                + (parts.rows.isEmpty
                    ? [] : [ReportPage.Section(id: "parts", title: "Within the steps", blocks: [.table(parts)])])
        )
        return HTMLPage(page, language: .english).text
    }

    private static let width = 680.0
    private static let (left, right, top, row) = (150.0, 610.0, 12.0, 30.0)

    private var chart: ReportPage.Block {
        .figure(
            svg,
            caption: "A bar is a step, from its start to its end. What was cached takes next to no time.",
            data: ReportPage.Table(
                caption: "Start and time of each step",
                columns: ["step", "does", "status", "start, s", "time, s", "share"],
                rows: steps.map { step in
                    [
                        .text(step.name), .text(step.kind), .text(step.status), .number(number(step.start, 1)),
                        .number(number(step.seconds, 1)),
                        .number("\(number(100 * step.seconds / max(total, 1e-9), 0)) %"),
                    ]
                }
            )
        )
    }

    private var svg: Markup {
        let axis = ChartAxis([max(total, 0.1)], from: Self.left, to: Self.right, ticks: 6, fromZero: true)
        let bottom = Self.top + Double(steps.count) * Self.row
        let grid = axis.ticks.map { tick -> Markup in
            let x = axis.place(tick)
            return """
                <line class="grid" x1="\(x)" y1="\(Self.top)" x2="\(x)" y2="\(bottom)"/>\
                <text class="tick" x="\(x)" y="\(bottom + 18)" text-anchor="middle">\(axis.label(tick))</text>
                """
        }
        let bars = steps.enumerated().map { index, step -> Markup in
            let (x, end) = (axis.place(step.start), axis.place(step.start + step.seconds))
            let y = Self.top + Double(index) * Self.row + 5
            let time = "\(number(step.seconds, 1)) s"
            let isLeft = end > Self.right - 60
            return """
                <text class="row" x="\(Self.left - 10)" y="\(y + 14)" text-anchor="end">\(step.name)</text>\
                <rect class="part p\(step.status == "cached" ? 4 : step.status == "failed" ? 3 : 1)" x="\(x)" y="\(y)" \
                width="\(max(1.5, end - x))" height="20" rx="2"><title>\(step.name), \(step.kind): \(time)</title></rect>\
                <text class="value" x="\(isLeft ? x - 6 : end + 6)" y="\(y + 14)" \
                text-anchor="\(isLeft ? "end" : "start")">\(time)</text>
                """
        }
        return """
            <svg class="chart" viewBox="0 0 \(Self.width) \(bottom + 30)" role="img" aria-labelledby="steps-title">
            <title id="steps-title">Start and end of each step, in seconds</title>
            \(grid.joined())
            <line class="axis" x1="\(Self.left)" y1="\(Self.top)" x2="\(Self.left)" y2="\(bottom)"/>
            <text class="tick" x="\(Self.right + 12)" y="\(bottom + 18)">s</text>
            \(bars.joined())
            </svg>
            """
    }

    /// The longest parts of the steps: at least a hundredth of the run each.
    private var parts: ReportPage.Table {
        let all = steps.flatMap { step in
            step.parts.map { (step: step.name, part: $0.name, seconds: $0.seconds) }
        }
        let longest = all.filter { $0.seconds >= total / 100 }.sorted { $0.seconds > $1.seconds }.prefix(40)
        let digits = total < 10 ? 2 : 1
        return ReportPage.Table(
            caption: "What took longest within the steps",
            columns: ["step", "part", "time, s"],
            rows: longest.map { [.text($0.step), .text($0.part), .number(number($0.seconds, digits))] }
        )
    }
}
