import Settings
import Yams

/// The file that nodes come from, and where problems with them are told.
struct NodeOrigin {
    let file: SettingsFile
    let log: DiagnosticLog

    /// Says what is wrong with a part of a scalar, and hears nothing more of that scalar.
    /// - Parameter part: as the file writes it; the place is that of the scalar where it stands on another line.
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
