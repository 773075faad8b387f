/// A chart of size against quality, with the front of the builds that no other build dominates.
package struct QualityChart {
    let front: ParetoFront
    /// The name of the focused build.
    let focus: String
    /// The label of the vertical axis, with its unit.
    let measure: String
    let language: Language
    /// The meaning of the ring around the focused build; nil if the page does not show more about it.
    let focusNote: String?

    /// - Parameters:
    ///   - focus: the name of the point to mark; empty for none.
    ///   - focusNote: the meaning of the mark, in the page's language.
    package init(front: ParetoFront, focus: String, measure: String, language: Language, focusNote: String? = nil) {
        (self.front, self.focus, self.measure, self.language) = (front, focus, measure, language)
        self.focusNote = focusNote
    }

    private static let (width, height) = (680.0, 400.0)
    private static let (left, right, top, bottom) = (76.0, 664.0, 44.0, 336.0)

    private var unit: SizeUnit { SizeUnit(for: front.points.map(\.bytes).max() ?? 1) }

    private var across: ChartAxis {
        ChartAxis(
            front.points.map { unit.value($0.bytes) },
            from: Self.left,
            to: Self.right,
            ticks: 6,
            margin: 0.12
        )
    }

    private var upwards: ChartAxis {
        let values = front.points.flatMap { point -> [Double] in
            let error = whiskers ? point.standardError ?? 0 : 0
            return [point.loss - error, point.loss + error]
        }
        return ChartAxis(values, from: Self.bottom, to: Self.top, ticks: 5, margin: 0.12)
    }

    /// Whether to draw standard errors: only if they are smaller than the differences between points. The errors on one
    /// text are mostly common to all builds, so larger ones would only hide the differences.
    var whiskers: Bool {
        let losses = front.points.map(\.loss)
        let spread = (losses.max() ?? 0) - (losses.min() ?? 0)
        let most = front.points.compactMap(\.standardError).max() ?? 0
        return most > 0 && most <= spread / 2
    }

    package var svg: Markup {
        let summary = language.say(
            "\(front.points.count) builds; on the Pareto front: \(front.best.map(\.name).joined(separator: ", "))",
            "Сборок: \(front.points.count); на фронте Парето: \(front.best.map(\.name).joined(separator: ", "))"
        )
        let title = language.say("Size against \(measure)", "Размер и \(measure)")
        return """
            <svg class="chart" viewBox="0 0 \(Self.width) \(Self.height)" role="img" aria-labelledby="quality-title quality-desc">
            <title id="quality-title">\(title)</title>
            <desc id="quality-desc">\(summary)</desc>
            \(grid)
            \(frontLine)
            \(front.points.map(mark).joined())
            \(labels)
            \(legend)
            </svg>
            """
    }

    private var grid: Markup {
        let (across, upwards) = (across, upwards)
        let vertical = across.ticks.map { tick -> Markup in
            let x = across.place(tick)
            return """
                <line class="grid" x1="\(x)" y1="\(Self.top)" x2="\(x)" y2="\(Self.bottom)"/>\
                <text class="tick" x="\(x)" y="\(Self.bottom + 20)" text-anchor="middle">\(across.label(tick))</text>
                """
        }
        let horizontal = upwards.ticks.map { tick -> Markup in
            let y = upwards.place(tick)
            return """
                <line class="grid" x1="\(Self.left)" y1="\(y)" x2="\(Self.right)" y2="\(y)"/>\
                <text class="tick" x="\(Self.left - 8)" y="\(y + 4)" text-anchor="end">\(upwards.label(tick))</text>
                """
        }
        let middle = (Self.top + Self.bottom) / 2
        let size = language.say("File size, \(unit.name)", "Размер файла, \(unit.name)")
        let better = language.say("lower is better", "меньше — лучше")
        return (vertical + horizontal).joined() + """

            <line class="axis" x1="\(Self.left)" y1="\(Self.bottom)" x2="\(Self.right)" y2="\(Self.bottom)"/>
            <line class="axis" x1="\(Self.left)" y1="\(Self.top)" x2="\(Self.left)" y2="\(Self.bottom)"/>
            <text class="name" x="\((Self.left + Self.right) / 2)" y="\(Self.bottom + 46)" text-anchor="middle">\(size)</text>
            <text class="name" transform="translate(18 \(middle)) rotate(-90)" text-anchor="middle">\(measure), \(better)</text>
            """
    }

    /// A staircase line: between two points of the front, the best available build is the left one.
    private var frontLine: Markup {
        guard let first = front.best.first, let last = front.best.last else { return .empty }
        let (across, upwards) = (across, upwards)
        func place(_ point: ParetoFront.Point) -> (x: Double, y: Double) {
            (across.place(unit.value(point.bytes)), upwards.place(point.loss))
        }
        var path: Markup = "M\(place(first).x) \(Self.top) V\(place(first).y)"
        for point in front.best.dropFirst() { path += " H\(place(point).x) V\(place(point).y)" }
        path += " H\(Self.right)"
        let area = path + " V\(Self.top) Z"
        return """
            <path class="beaten" d="\(area)"/>
            <path class="front" d="\(path)"><title>\(language.say("Pareto front", "Фронт Парето")): \(first.name) – \(last.name)</title></path>
            """
    }

    private func mark(_ point: ParetoFront.Point) -> Markup {
        let (x, y) = (across.place(unit.value(point.bytes)), upwards.place(point.loss))
        var parts: [Markup] = []
        if whiskers, let error = point.standardError {
            let (low, high) = (upwards.place(point.loss - error), upwards.place(point.loss + error))
            parts.append(
                """
                <path class="whisker" d="M\(x) \(low) V\(high) M\(x - 5) \(low) H\(x + 5) M\(x - 5) \(high) H\(x + 5)"/>
                """
            )
        }
        let style: Markup = front.isBest(point) ? "best" : "other"
        let words =
            "\(point.name): \(number(unit.value(point.bytes), 2)) \(unit.name), "
            + plusMinus(point.loss, point.standardError)
        if point.name == focus {
            parts.append("<circle class=\"ring\" cx=\"\(x)\" cy=\"\(y)\" r=\"10.5\"/>")
        }
        parts.append(
            "<circle class=\"point \(style)\" cx=\"\(x)\" cy=\"\(y)\" r=\"6\"><title>\(words)</title></circle>"
        )
        return parts.joined()
    }

    /// The labels, each at a position where it covers no point and no other label, if there is one.
    private var labels: Markup {
        let (across, upwards) = (across, upwards)
        let points = front.points.map { (across.place(unit.value($0.bytes)), upwards.place($0.loss)) }
        var taken = points.map { LabelBox(x: $0.0 - 9, y: $0.1 - 9, width: 18, height: 18) }
        let inside = LabelBox(
            x: Self.left,
            y: Self.top,
            width: Self.right - Self.left,
            height: Self.bottom - Self.top
        )
        var texts: [Markup] = []
        for (point, (x, y)) in zip(front.points, points) {
            let places = LabelBox.candidates(around: x, y, letters: point.name.count)
            let place = places.first { place in
                inside.contains(place.box) && !taken.contains { $0.overlaps(place.box) }
            }
            guard let place = place ?? places.first else { continue }
            taken.append(place.box)
            let style: Markup = point.name == focus ? "label focus" : "label"
            texts.append(
                "<text class=\"\(style)\" x=\"\(place.x)\" y=\"\(place.y)\" text-anchor=\"\(place.anchor)\">\(point.name)</text>"
            )
        }
        return texts.joined()
    }

    private var legend: Markup {
        let say = language.say
        var entries: [(Markup, String)] = [
            ("<path class=\"front\" d=\"M0 0 H24\"/>", say("Pareto front", "фронт Парето")),
            ("<circle class=\"point best\" cx=\"12\" cy=\"0\" r=\"6\"/>", say("on the front", "на фронте")),
        ]
        if front.best.count < front.points.count {
            let other = say("larger and worse", "крупнее и хуже")
            entries.append(("<circle class=\"point other\" cx=\"12\" cy=\"0\" r=\"6\"/>", other))
        }
        if front.points.contains(where: { $0.name == focus }) {
            let shown = focusNote ?? say("shown below", "показана ниже")
            entries.append(("<circle class=\"ring\" cx=\"12\" cy=\"0\" r=\"8\"/>", shown))
        }
        var (x, parts) = (Self.left, [Markup]())
        for (mark, words) in entries {
            parts.append(
                "<g transform=\"translate(\(x) 18)\">\(mark)<text class=\"tick\" x=\"30\" y=\"4\">\(words)</text></g>"
            )
            x += 44 + Double(words.count) * 7.3
        }
        return parts.joined()
    }
}
