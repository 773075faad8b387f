import BinaryIO
import SystemPackage

/// A place in a pipeline file; lines and columns count from one.
public struct SourcePlace: Sendable, Hashable, Codable {
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
public struct Diagnostic: Sendable, Hashable, Codable {
    /// Where it is.
    public let place: SourcePlace
    /// What is wrong and what to do, as sentences.
    public let message: String
    /// The imported file that it is in; nil for the file that was asked for.
    public let file: FilePath?

    package init(place: SourcePlace, message: String, file: FilePath? = nil) {
        (self.place, self.message, self.file) = (place, message, file)
    }
}

/// Everything that is wrong with a pipeline file, all at once.
public struct SettingsError: Error, CustomStringConvertible, Sendable {
    /// The file.
    public let path: FilePath
    /// The problems in the order of the file, and then those of the files that it imports, each once.
    public let diagnostics: [Diagnostic]
    /// By file; nil stands for the file itself.
    private let lines: [FilePath?: [Substring]]

    /// - Parameter imported: the files that diagnostics may name beside the first one, in the order of their problems.
    package init(path: FilePath, text: String, diagnostics: [Diagnostic], imported: [SettingsFile] = []) {
        self.path = path
        let ranks = Dictionary(uniqueKeysWithValues: imported.enumerated().map { ($1.path, $0 + 1) })
        func order(_ diagnostic: Diagnostic) -> (Int, Int, Int) {
            let rank = diagnostic.file.map { ranks[$0] ?? imported.count + 1 } ?? 0
            return (rank, diagnostic.place.line, diagnostic.place.column)
        }
        // A step that a matrix multiplies has its problems as often.
        var known: Set<Diagnostic> = []
        self.diagnostics = diagnostics.filter { known.insert($0).inserted }.sorted { order($0) < order($1) }
        let files = [(nil, SettingsFile(path: path, text: text))] + imported.map { ($0.path as FilePath?, $0) }
        lines = Dictionary(files) { first, _ in first }.mapValues(\.lines)
    }

    /// Each problem as `file:line:column: message`, with the line and a caret below it.
    public var description: String {
        diagnostics.map { diagnostic in
            let place = diagnostic.place
            let file = diagnostic.file ?? path
            let head = "\(file):\(place.line):\(place.column): \(diagnostic.message)".visible
            guard let lines = lines[diagnostic.file], lines.indices.contains(place.line - 1) else { return head }
            let line = lines[place.line - 1]
            let caret = String(repeating: " ", count: line.prefix(max(0, place.column - 1)).visible.count) + "^"
            return "\(head)\n    \(line.visible)\n    \(caret)"
        }.joined(separator: "\n")
    }
}
