import Briefs
import Foundation
import Testing

/// Whether the report's colours can be read: WCAG 2.2, 1.4.3, asks for a contrast of 4.5 to 1.
@Suite struct ContrastTests {
    @Test(arguments: ["light", "dark"])
    func everyTextStandsOutFromItsGround(_ mode: String) throws {
        let page = try ReportSample.report([ReportSample.build("q4_0", megabytes: 5)]).html(.english)
        let parts = page.components(separatedBy: "@media (prefers-color-scheme: dark)")
        try #require(parts.count == 2)
        let colors = Self.colors(in: mode == "light" ? parts[0] : parts[1])
        var pairs = [
            ("ink", "sheet"), ("ink", "ground"), ("ink", "faint"), ("ink", "accent-soft"), ("ink", "fair-soft"),
            ("soft", "sheet"), ("soft", "ground"), ("soft", "faint"), ("soft", "accent-soft"), ("soft", "fair-soft"),
            ("accent", "sheet"), ("accent", "ground"), ("accent", "accent-soft"), ("good", "good-soft"),
            ("fair", "fair-soft"), ("bad", "bad-soft"), ("limit", "sheet"),
        ]
        pairs += (1...9).map { ("heat-ink", "h\($0)") }
        for (text, ground) in pairs {
            let (first, second) = (try #require(colors[text]), try #require(colors[ground]))
            let contrast = (max(first, second) + 0.05) / (min(first, second) + 0.05)
            #expect(contrast >= 4.5, "\(text) on \(ground): \(contrast)")
        }
    }

    /// Relative luminances of `--name: #rrggbb`, by name.
    private static func colors(in style: String) -> [String: Double] {
        var colors: [String: Double] = [:]
        for part in style.components(separatedBy: "--").dropFirst() {
            let words = part.components(separatedBy: ": #")
            guard words.count > 1, let value = Int(words[1].prefix(6), radix: 16) else { continue }
            let parts = [value >> 16, value >> 8 & 255, value & 255].map { byte -> Double in
                let share = Double(byte) / 255
                return share <= 0.03928 ? share / 12.92 : pow((share + 0.055) / 1.055, 2.4)
            }
            colors[words[0]] = colors[words[0]] ?? 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
        }
        return colors
    }
}
