import Settings
import Yams

/// The file of a node, and the log for problems with it.
struct NodeOrigin {
    let file: SettingsFile
    let log: DiagnosticLog

    /// Reports a problem with a part of a scalar, and suppresses further ones for that scalar.
    /// - Parameter part: the text as the file writes it; if it is on another line, the place of the scalar is reported.
    func settle(_ message: String, at node: Node, part: String) {
        log.settle(message, at: node, place: place(of: part, in: node))
    }

    private func place(of part: String, in node: Node) -> SourcePlace {
        let place = node.place
        guard file.lines.indices.contains(place.line - 1) else { return place }
        let line = file.lines[place.line - 1].unicodeScalars
        let first = part.split(whereSeparator: \.isNewline).first.map(String.init) ?? part
        guard let start = line.index(line.startIndex, offsetBy: place.column - 1, limitedBy: line.endIndex),
            let found = Substring(line[start...]).firstRange(of: first)
        else { return place }
        return SourcePlace(
            line: place.line,
            column: line.distance(from: line.startIndex, to: found.lowerBound) + 1
        )
    }
}
