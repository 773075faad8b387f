import DeviceFit

/// A waterfall chart of peak memory, part by part, against the limits of one platform's devices.
package struct MemoryChart {
    let estimate: FitEstimate
    /// Names of devices with the memory that each gives an app, in bytes; smallest first.
    let limits: [(names: String, bytes: Int)]
    /// An id that is unique among the charts of a page.
    let id: String
    let title: String
    let language: Language

    /// Creates a value from its parts; each parameter is documented on its property.
    package init(
        estimate: FitEstimate,
        limits: [(names: String, bytes: Int)],
        id: String,
        title: String,
        language: Language
    ) {
        (self.estimate, self.limits, self.id, self.title, self.language) = (estimate, limits, id, title, language)
    }

    private static let width = 680.0
    private static let (left, right, row) = (150.0, 590.0, 34.0)

    /// The limits near the peak. Limits far beyond it would squeeze all bars into a corner; they are listed beside the
    /// chart.
    var near: [(names: String, bytes: Int)] { limits.filter { Double($0.bytes) <= reach } }
    var far: [(names: String, bytes: Int)] { limits.filter { Double($0.bytes) > reach } }

    private var reach: Double { Double(estimate.memory.total.high) * 3 }
    private var top: Double { 18 + Double(near.count) * 18 }
    private var bottom: Double { top + Double(parts.count + 1) * Self.row + 6 }
    private var unit: SizeUnit { SizeUnit(for: estimate.memory.total.high) }

    private var axis: ChartAxis {
        let ends = [Double(estimate.memory.total.high)] + near.map { Double($0.bytes) }
        return ChartAxis(
            [(ends.max() ?? 1) * 1.06 / unit.bytes],
            from: Self.left,
            to: Self.right,
            ticks: 6,
            fromZero: true
        )
    }

    private var parts: [(name: String, range: ByteRange)] {
        let (say, memory) = (language.say, estimate.memory)
        return [
            (say("Weights", "Веса"), memory.weights), (say("KV cache", "KV-кэш"), memory.kvCache),
            (say("Compute buffer", "Буфер вычислений"), memory.computeBuffer),
            (say("Overhead", "Накладные"), memory.runtimeOverhead),
        ]
    }

    package var svg: Markup {
        let total = estimate.memory.total
        let summary = (parts + [(language.say("Peak", "Пик"), total)]).map {
            "\($0.name) \(ByteSize(bytes: $0.range.mid))"
        }
        return """
            <svg class="chart" viewBox="0 0 \(Self.width) \(bottom + 44)" role="img" \
            aria-labelledby="\(id)-title \(id)-desc">
            <title id="\(id)-title">\(title)</title>
            <desc id="\(id)-desc">\(summary.joined(separator: ", "))</desc>
            \(grid)
            \(bars)
            \(sum(total))
            \(near.enumerated().map(limit).joined())
            </svg>
            """
    }

    private var grid: Markup {
        let axis = axis
        let lines = axis.ticks.map { tick -> Markup in
            let x = axis.place(tick)
            return """
                <line class="grid" x1="\(x)" y1="\(top)" x2="\(x)" y2="\(bottom)"/>\
                <text class="tick" x="\(x)" y="\(bottom + 18)" text-anchor="middle">\(axis.label(tick))</text>
                """
        }
        return lines.joined() + """

            <line class="axis" x1="\(Self.left)" y1="\(top)" x2="\(Self.left)" y2="\(bottom)"/>
            <text class="tick" x="\(Self.right + 12)" y="\(bottom + 18)">\(unit.name)</text>
            """
    }

    private var bars: Markup {
        var (done, drawn) = (0, [Markup]())
        for (index, part) in parts.enumerated() {
            let (x, end) = (place(done), place(done + part.range.mid))
            let y = top + Double(index) * Self.row + 8
            drawn.append(
                """
                <text class="row" x="\(Self.left - 10)" y="\(y + 15)" text-anchor="end">\(part.name)</text>\
                <rect class="part p\(index + 1)" x="\(x)" y="\(y)" width="\(max(1.5, end - x))" height="22" rx="2">\
                <title>\(part.name): \(span(part.range))</title></rect>\
                <line class="joint" x1="\(end)" y1="\(y + 22)" x2="\(end)" y2="\(y + Self.row)"/>\
                <text class="value" x="\(end + 8)" y="\(y + 15)">\(ByteSize(bytes: part.range.mid).description)</text>
                """
            )
            done += part.range.mid
        }
        return drawn.joined()
    }

    /// The total with its range.
    private func sum(_ range: ByteRange) -> Markup {
        let y = top + Double(parts.count) * Self.row + 8
        let (low, mid, high) = (place(range.low), place(range.mid), place(range.high))
        let name = language.say("Peak", "Пик")
        return """
            <text class="row strong" x="\(Self.left - 10)" y="\(y + 15)" text-anchor="end">\(name)</text>
            <rect class="part total" x="\(Self.left)" y="\(y)" width="\(mid - Self.left)" height="22" rx="2">\
            <title>\(name): \(span(range))</title></rect>
            <path class="whisker" d="M\(low) \(y + 11) H\(high) M\(low) \(y + 5) V\(y + 17) M\(high) \(y + 5) V\(y + 17)"/>
            <text class="value strong" x="\(high + 8)" y="\(y + 15)">\(ByteSize(bytes: range.mid).description)</text>
            """
    }

    /// A vertical line through the bars, with its label in a separate row above them.
    private func limit(_ index: Int, _ limit: (names: String, bytes: Int)) -> Markup {
        let x = place(limit.bytes)
        let y = 14 + Double(index) * 18
        let words = "\(limit.names): \(ByteSize(bytes: limit.bytes))"
        let isLeft = x > (Self.left + Self.right) / 2
        return """
            <line class="limit" x1="\(x)" y1="\(y - 10)" x2="\(x)" y2="\(bottom)"/>
            <text class="limit" x="\(isLeft ? x - 6 : x + 6)" y="\(y)" text-anchor="\(isLeft ? "end" : "start")">\(words)</text>
            """
    }

    private func place(_ bytes: Int) -> Double { axis.place(unit.value(bytes)) }
}
