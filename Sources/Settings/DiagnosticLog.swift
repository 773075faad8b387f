import Yams

/// Collects what is wrong while a pipeline file is read, so that all of it is reported at once.
package final class DiagnosticLog {
    /// What every log of one reading shares.
    private final class Entries {
        var diagnostics: [Diagnostic] = []
        var imported: [SettingsFile] = []
        /// Places of which all is said.
        var settled: Set<Diagnostic> = []
    }

    private let entries: Entries
    /// The imported file whose nodes are read; nil for the file that was asked for.
    private let file: SettingsFile?

    package init() { (entries, file) = (Entries(), nil) }

    private init(_ entries: Entries, _ file: SettingsFile) { (self.entries, self.file) = (entries, file) }

    package var diagnostics: [Diagnostic] { entries.diagnostics }

    /// The files that were imported, in their order.
    package var imported: [SettingsFile] { entries.imported }

    /// The same log for the nodes of an imported file.
    package func within(_ file: SettingsFile) -> DiagnosticLog {
        if !entries.imported.contains(where: { $0.path == file.path }) { entries.imported.append(file) }
        return DiagnosticLog(entries, file)
    }

    package func report(_ message: String, at node: Node) { report(message, at: node.place) }

    package func report(_ message: String, at place: SourcePlace) {
        guard !entries.settled.contains(mark(place)) else { return }
        entries.diagnostics.append(Diagnostic(place: place, message: message, file: file?.path))
    }

    /// Says what is wrong with a node, and hears nothing more of it: what follows from one mistake is no second one.
    /// - Parameter place: where exactly it is; the node's own place where nothing is said.
    package func settle(_ message: String, at node: Node, place: SourcePlace? = nil) {
        entries.diagnostics.append(Diagnostic(place: place ?? node.place, message: message, file: file?.path))
        entries.settled.insert(mark(node.place))
    }

    /// Hears nothing more of a node, because what is wrong with it was said elsewhere.
    package func settle(at node: Node) { entries.settled.insert(mark(node.place)) }

    private func mark(_ place: SourcePlace) -> Diagnostic { Diagnostic(place: place, message: "", file: file?.path) }
}
