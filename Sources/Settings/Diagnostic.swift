import BinaryIO
import SystemPackage

/// A place in a pipeline file; lines and columns count from one.
public struct SourcePlace: Sendable, Hashable, Codable {
    /// The line, from 1.
    public let line: Int
    /// The column in characters, from 1.
    public let column: Int

    /// Creates a place; both numbers start at 1.
    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
}

/// One error in a pipeline file.
public struct Diagnostic: Sendable, Hashable, Codable {
    /// The place of the error.
    public let place: SourcePlace
    /// What is wrong and what to do, as sentences.
    public let message: String
    /// The imported file that contains the error; nil for the pipeline file itself.
    public let file: FilePath?

    package init(place: SourcePlace, message: String, file: FilePath? = nil) {
        (self.place, self.message, self.file) = (place, message, file)
    }
}

/// All errors of a pipeline file.
public struct SettingsError: Error, CustomStringConvertible, Sendable {
    /// The file.
    public let path: FilePath
    /// The errors in the order of the file, followed by those of the files that it imports, each once.
    public let diagnostics: [Diagnostic]
    /// The lines by file; nil is the pipeline file itself.
    private let lines: [FilePath?: [Substring]]

    /// - Parameter imported: the imported files that diagnostics may refer to, in the order of their errors.
    package init(path: FilePath, text: String, diagnostics: [Diagnostic], imported: [SettingsFile] = []) {
        self.path = path
        let ranks = Dictionary(uniqueKeysWithValues: imported.enumerated().map { ($1.path, $0 + 1) })
        func order(_ diagnostic: Diagnostic) -> (Int, Int, Int) {
            let rank = diagnostic.file.map { ranks[$0] ?? imported.count + 1 } ?? 0
            return (rank, diagnostic.place.line, diagnostic.place.column)
        }
        // A step that a matrix multiplies repeats its errors.
        var known: Set<Diagnostic> = []
        self.diagnostics = diagnostics.filter { known.insert($0).inserted }.sorted { order($0) < order($1) }
        let files = [(nil, SettingsFile(path: path, text: text))] + imported.map { ($0.path as FilePath?, $0) }
        lines = Dictionary(files) { first, _ in first }.mapValues(\.lines)
    }

    /// Each error as `file:line:column: message`, with the line and a caret below it.
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
