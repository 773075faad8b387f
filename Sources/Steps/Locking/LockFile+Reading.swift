import BinaryIO
import Settings
import SystemPackage
import Yams

extension LockFile {
    /// Reads a lock file; nil if there is none.
    /// - Throws: `FileError`, or `SettingsError` with all problems.
    package init?(ifThereAt path: FilePath) throws {
        guard FileStatus(path) != nil else { return nil }
        try self.init(text: try SourceText.read(path, limit: Self.sizeLimit), path: path)
    }

    /// - Throws: `SettingsError` with all problems.
    package init(text: String, path: FilePath) throws {
        let log = DiagnosticLog()
        // Problems of a file use the file's own terms, whoever reads it.
        let entries = SettingStyle.name.within { LockReader(log).entries(of: text) }
        guard log.diagnostics.isEmpty else {
            throw SettingsError(path: path, text: text, diagnostics: log.diagnostics)
        }
        self.init()
        self.entries = entries
    }
}

/// Reads the text of a lock file. Names in it are compared and never opened.
private struct LockReader {
    private static let advice = "Write the file anew with `edgepipe lock`."
    /// The number of problems after which reading stops.
    private static let mostProblems = 64

    private let log: DiagnosticLog

    init(_ log: DiagnosticLog) { self.log = log }

    func entries(of text: String) -> [String: PipelineLock] {
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        let marks = ["<<<<<<<", ">>>>>>>", "======="]
        if let index = lines.firstIndex(where: { line in marks.contains { line.hasPrefix($0) } }) {
            log.report(
                "two versions of the file were merged and left a conflict here. Take one of them, and run `edgepipe lock`.",
                at: SourcePlace(line: index + 1, column: 1)
            )
            return [:]
        }
        guard let last = lines.lastIndex(where: { !$0.allSatisfy(\.isWhitespace) }) else {
            log.report("the file is empty. \(Self.advice)", at: SourcePlace(line: 1, column: 1))
            return [:]
        }
        guard lines[last] == LockFile.end else {
            log.report(
                "the file was cut off: it ends without its last line, '\(LockFile.end)'. \(Self.advice)",
                at: SourcePlace(line: last + 1, column: 1)
            )
            return [:]
        }
        guard let root = SettingsDocument.compose(text, log),
            let reader = SettingReader(root, "a lock file", known: ["format", "pipelines"], log)
        else { return [:] }
        guard isReadable(reader) else { return [:] }
        return mapping(reader.node("pipelines"), "'pipelines'") { _, node in entry(node) }
    }

    private func isReadable(_ reader: SettingReader) -> Bool {
        guard let node = reader.required("format") else { return false }
        guard let format = node.coreInteger, format > 0 else {
            reader.report("'format' must be a whole number. \(Self.advice)", at: node)
            return false
        }
        guard format == LockFile.format else {
            reader.report(
                "the file has format \(format), and this edgepipe reads format \(LockFile.format). Use the edgepipe that wrote "
                    + "it, or write the file anew with `edgepipe lock`.",
                at: node
            )
            return false
        }
        return true
    }

    private func entry(_ node: Node) -> PipelineLock? {
        let known = ["edgepipe", "sources", "inputs", "steps"]
        guard let reader = SettingReader(node, "a pipeline's entry", known: known, log) else { return nil }
        var entry = PipelineLock()
        entry.edgepipe = reader.requiredText("edgepipe") ?? ""
        entry.sources = mapping(reader.node("sources"), "'sources'") { name, node in source(node, name) }
        entry.inputs = files(reader.node("inputs"), "'inputs'")
        entry.nodes = mapping(reader.node("steps"), "'steps'") { _, node in step(node) }
        return entry
    }

    private func source(_ node: Node, _ name: String) -> PipelineLock.Source? {
        guard let reader = SettingReader(node, "a source", known: ["revision", "files"], log) else { return nil }
        var source = PipelineLock.Source(files: files(reader.node("files"), "'files'"))
        if let node = reader.node("revision"), let text = reader.text("revision") {
            source.revision = text
            if !Self.isCommit(text) {
                reader.report("'revision' must be a commit of 40 hexadecimal digits. \(Self.advice)", at: node)
            }
        } else if name.hasPrefix("hf://") {
            reader.report("a source of the Hub needs its 'revision'. \(Self.advice)")
        }
        return source
    }

    private func step(_ node: Node) -> PipelineLock.Node? {
        guard let reader = SettingReader(node, "a step", known: ["settings", "files"], log),
            let settings = reader.required("settings").flatMap(digest)
        else { return nil }
        return PipelineLock.Node(settings: settings, files: files(reader.node("files"), "'files'"))
    }

    private func files(_ node: Node?, _ what: String) -> [String: SHA256Digest] {
        mapping(node, what) { _, node in digest(node) }
    }

    private func digest(_ node: Node) -> SHA256Digest? {
        if let text = node.scalar?.string, text.hasPrefix(LockFile.prefix),
            let digest = SHA256Digest(hex: text.dropFirst(LockFile.prefix.count))
        {
            return digest
        }
        log.report("this must be a digest, sha256: and 64 lower-case hexadecimal digits. \(Self.advice)", at: node)
        return nil
    }

    /// Reads the values of a mapping with user-chosen names.
    private func mapping<Value>(
        _ node: Node?,
        _ what: String,
        _ value: (String, Node) -> Value?
    ) -> [String: Value] {
        guard let node else { return [:] }
        guard let mapping = node.mapping else {
            log.report("\(what) must be a mapping, `name: value`. \(Self.advice)", at: node)
            return [:]
        }
        var values: [String: Value] = [:]
        for (key, node) in mapping where log.diagnostics.count < Self.mostProblems {
            guard let name = key.scalar?.string, !name.isEmpty else {
                log.report("a name in \(what) must be a text. \(Self.advice)", at: key)
                continue
            }
            values[name] = value(name, node)
        }
        return values
    }

    /// Whether a text is a valid commit. A commit becomes part of a path.
    private static func isCommit(_ text: String) -> Bool {
        text.utf8.count == 40 && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}
