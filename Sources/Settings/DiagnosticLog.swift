import Yams

/// Collects errors while a pipeline file is read, so that all of them are reported at once.
package final class DiagnosticLog {
    /// The entries that all logs of one reading share.
    private final class Entries {
        var diagnostics: [Diagnostic] = []
        var imported: [SettingsFile] = []
        /// The places whose errors were already reported.
        var settled: Set<Diagnostic> = []
    }

    private let entries: Entries
    /// The imported file that is being read; nil for the pipeline file itself.
    private let file: SettingsFile?

    package init() { (entries, file) = (Entries(), nil) }

    private init(_ entries: Entries, _ file: SettingsFile) { (self.entries, self.file) = (entries, file) }

    package var diagnostics: [Diagnostic] { entries.diagnostics }

    /// The imported files, in the order of the imports.
    package var imported: [SettingsFile] { entries.imported }

    /// A log with the same entries, for the nodes of an imported file.
    package func within(_ file: SettingsFile) -> DiagnosticLog {
        if !entries.imported.contains(where: { $0.path == file.path }) { entries.imported.append(file) }
        return DiagnosticLog(entries, file)
    }

    package func report(_ message: String, at node: Node) { report(message, at: node.place) }

    package func report(_ message: String, at place: SourcePlace) {
        guard !entries.settled.contains(mark(place)) else { return }
        entries.diagnostics.append(Diagnostic(place: place, message: message, file: file?.path))
    }

    /// Reports an error at a node and suppresses further ones there, because they follow from the same mistake.
    /// - Parameter place: the exact place; the node's own by default.
    package func settle(_ message: String, at node: Node, place: SourcePlace? = nil) {
        entries.diagnostics.append(Diagnostic(place: place ?? node.place, message: message, file: file?.path))
        entries.settled.insert(mark(node.place))
    }

    /// Suppresses errors at a node, because its error was reported elsewhere.
    package func settle(at node: Node) { entries.settled.insert(mark(node.place)) }

    private func mark(_ place: SourcePlace) -> Diagnostic { Diagnostic(place: place, message: "", file: file?.path) }
}
