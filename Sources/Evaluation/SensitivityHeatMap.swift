#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// Sensitivities by layer and role, as text for a terminal and as a picture.
///
/// Shades are logarithmic, because divergences of one model span several powers of ten.
public struct SensitivityHeatMap {
    /// The roles in the order in which they first appear; tensors outside the layers have rows of their own.
    public let roles: [String]
    /// One row per layer, named by its number, with a cell for each role; then one per tensor outside the layers, with
    /// one cell. Divergences are in nats a token, nil if a layer has no such tensor.
    public let rows: [(name: String, cells: [Double?])]
    private let least: Double
    private let most: Double

    /// A tensor's place, and its divergence.
    private typealias Cell = (layer: Int?, role: String, kld: Double)

    /// Creates a picture of measured sensitivities.
    public init(_ result: SensitivityResult) { self.init(result.tensors.map { ($0.layer, $0.role, $0.kld) }) }

    /// Creates a picture of predicted sensitivities.
    public init(_ prediction: FisherPrediction) { self.init(prediction.tensors.map { ($0.layer, $0.role, $0.kld) }) }

    private init(_ cells: [Cell]) {
        let inside = cells.filter { $0.layer != nil }
        let roles = inside.reduce(into: [String]()) { if !$0.contains($1.role) { $0.append($1.role) } }
        let layers = Dictionary(grouping: inside) { $0.layer ?? 0 }
        var rows: [(name: String, cells: [Double?])] = layers.keys.sorted().map { layer in
            ("\(layer)", roles.map { role in layers[layer]?.first { $0.role == role }?.kld })
        }
        for cell in cells where cell.layer == nil { rows.append((cell.role, [cell.kld])) }
        let values = cells.map(\.kld).filter { $0 > 0 }
        most = values.max() ?? 1
        least = max(values.min() ?? most, most * 1e-4)
        (self.roles, self.rows) = (roles, rows)
    }

    /// Returns the heat, from 0 for the least to 1 for the most.
    func heat(of value: Double) -> Double {
        guard value > least, most > least else { return value >= most ? 1 : 0 }
        return min(1, log(value / least) / log(most / least))
    }

    /// Returns the character for a value on a terminal.
    public func shade(of value: Double) -> String {
        let shades = ["·", "░", "▒", "▓", "█"]
        return shades[min(shades.count - 1, Int(heat(of: value) * Double(shades.count)))]
    }

    /// Returns one self-contained SVG image: a cell for each tensor, with its figure.
    public func svg(title: String) -> String {
        let (cellWidth, cellHeight, left, top) = (96, 24, 140, 64)
        let width = left + max(1, roles.count) * cellWidth + 16
        let height = top + rows.count * cellHeight + 16
        var parts = [
            """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="\(height)" viewBox="0 0 \(width) \(height)" \
            font-family="system-ui, sans-serif" font-size="12" role="img" aria-label="\(Self.escape(title))">
            <rect width="100%" height="100%" fill="#ffffff"/>
            <text x="16" y="24" font-size="14" fill="#222222">\(Self.escape(title))</text>
            """
        ]
        func text(_ x: Int, _ y: Int, _ anchor: String, _ color: String, _ content: String) {
            let content = Self.escape(content)
            parts.append(#"<text x="\#(x)" y="\#(y)" text-anchor="\#(anchor)" fill="\#(color)">\#(content)</text>"#)
        }
        for (column, role) in roles.enumerated() {
            text(left + column * cellWidth + cellWidth / 2, top - 8, "middle", "#444444", role)
        }
        for (index, row) in rows.enumerated() {
            let y = top + index * cellHeight
            text(left - 8, y + 16, "end", "#444444", row.name)
            for (column, value) in row.cells.enumerated() {
                guard let value else { continue }
                let heat = heat(of: value)
                let x = left + column * cellWidth
                parts.append(
                    #"<rect x="\#(x)" y="\#(y)" width="\#(cellWidth - 2)" height="\#(cellHeight - 2)" "#
                        + #"fill="\#(Self.color(heat))"/>"#
                )
                text(x + cellWidth / 2 - 1, y + 16, "middle", heat > 0.55 ? "#ffffff" : "#222222", Self.figure(value))
            }
        }
        return (parts + ["</svg>", ""]).joined(separator: "\n")
    }

    /// Formats a value with three significant digits.
    public static func figure(_ value: Double) -> String {
        guard value != 0 else { return "0" }
        let digits = max(0, 2 - Int(floor(log10(abs(value)))))
        guard digits <= 7 else { return value < 0 ? "-<1e-7" : "<1e-7" }
        let scale = pow(10, Double(digits))
        let whole = Int((abs(value) * scale).rounded())
        let text = String(whole)
        guard digits > 0 else { return (value < 0 ? "-" : "") + text }
        let padded = String(repeating: "0", count: max(0, digits + 1 - text.count)) + text
        return (value < 0 ? "-" : "") + padded.dropLast(digits) + "." + padded.suffix(digits)
    }

    /// Returns a colour from nearly white over orange to dark red.
    private static func color(_ heat: Double) -> String {
        let stops: [(Double, Double, Double)] = [(255, 247, 236), (253, 187, 132), (215, 48, 31), (103, 0, 13)]
        let place = heat * Double(stops.count - 1)
        let index = min(stops.count - 2, Int(place))
        let (a, b, part) = (stops[index], stops[index + 1], place - Double(index))
        let mixed = [a.0 + (b.0 - a.0) * part, a.1 + (b.1 - a.1) * part, a.2 + (b.2 - a.2) * part]
        return "rgb(" + mixed.map { String(Int($0.rounded())) }.joined(separator: ",") + ")"
    }

    private static func escape(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing("\"", with: "&quot;")
    }
}
