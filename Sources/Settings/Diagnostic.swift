import BinaryIO
import SystemPackage

/// A place in a pipeline file; lines and columns count from one.
public struct SourcePlace: Sendable, Equatable, Codable {
    /// From one.
    public let line: Int
    /// In characters, from one.
    public let column: Int

    /// A place; both numbers count from one.
    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
}

/// One thing that is wrong with a pipeline file.
public struct Diagnostic: Sendable, Equatable, Codable {
    /// Where it is.
    public let place: SourcePlace
    /// What is wrong and what to do, as sentences.
    public let message: String
}

/// Everything that is wrong with a pipeline file, all at once.
public struct SettingsError: Error, CustomStringConvertible, Sendable {
    /// The file.
    public let path: FilePath
    /// The problems in the order of the file.
    public let diagnostics: [Diagnostic]
    private let lines: [Substring]

    package init(path: FilePath, text: String, diagnostics: [Diagnostic]) {
        self.path = path
        self.diagnostics = diagnostics.sorted { ($0.place.line, $0.place.column) < ($1.place.line, $1.place.column) }
        // A line may end as on Windows, which Swift takes for one character.
        lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    }

    /// Each problem as `file:line:column: message`, with the line and a caret below it.
    public var description: String {
        diagnostics.map { diagnostic in
            let place = diagnostic.place
            let head = "\(path):\(place.line):\(place.column): \(diagnostic.message)".visible
            guard lines.indices.contains(place.line - 1) else { return head }
            let line = lines[place.line - 1]
            let caret = String(repeating: " ", count: line.prefix(max(0, place.column - 1)).visible.count) + "^"
            return "\(head)\n    \(line.visible)\n    \(caret)"
        }.joined(separator: "\n")
    }
}
