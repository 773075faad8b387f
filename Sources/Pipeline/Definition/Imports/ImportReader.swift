import BinaryIO
import Settings
import SystemPackage
import Yams

/// Reads the files that a pipeline file imports: only steps and variables.
struct ImportReader {
    /// The parts that files contribute, in their effective order.
    struct Parts {
        var variables: [Variable] = []
        var templates: [StepTemplate] = []

        mutating func append(_ other: Parts) {
            variables += other.variables
            templates += other.templates
        }
    }

    /// The most levels of nested imports.
    static let mostLevels = 8
    /// The most imports of a pipeline.
    static let mostImports = 64
    /// The most bytes of all imported files together.
    static let mostBytes = 4 << 20

    private static let keys = ["import", "vars", "steps"]

    private let project: ProjectFolder
    /// The texts that replace files; nil to read the files.
    private let texts: [FilePath: String]?
    private var importCount = 0
    private var byteCount = 0

    /// - Parameter texts: the texts of all files that may be imported, by their paths; nil to read the files.
    init(_ project: ProjectFolder, texts: [FilePath: String]? = nil) { (self.project, self.texts) = (project, texts) }

    /// Collects the contents and imports of a file: the parts before its own steps, and its steps.
    /// - Parameter files: the chain of importing files, the current one last.
    mutating func read(_ reader: SettingReader, _ origin: NodeOrigin, files: [FilePath]) -> Parts {
        var parts = Parts()
        if let node = reader.node("import") { parts.append(imports(node, origin, files)) }
        if let node = reader.node("steps") { parts.append(steps(node, origin, files)) }
        // The importing file's variables override those of the imported ones.
        if let node = reader.node("vars") { parts.variables += Variable.variables(node, origin) }
        return parts
    }

    /// Returns the entries of a list of steps, with imported steps in place of imports.
    private mutating func steps(_ node: Node, _ origin: NodeOrigin, _ files: [FilePath]) -> Parts {
        guard let list = node.sequence, !list.isEmpty else {
            origin.log.report("'steps' must be a list of steps.", at: node)
            return Parts()
        }
        var parts = Parts()
        for entry in list {
            guard let mapping = entry.mapping, mapping[Node("import")] != nil else {
                parts.templates.append(StepTemplate(node: entry, origin: origin))
                continue
            }
            guard let reader = SettingReader(entry, "an import", known: ["import"], origin.log),
                let paths = reader.required("import")
            else { continue }
            parts.append(imports(paths, origin, files))
        }
        return parts
    }

    /// Reads one path, or a list of paths.
    private mutating func imports(_ node: Node, _ origin: NodeOrigin, _ files: [FilePath]) -> Parts {
        var parts = Parts()
        for entry in node.sequence.map(Array.init) ?? [node] {
            guard let text = entry.scalar?.string, !text.isEmpty, !entry.isNull else {
                origin.log.report("'import' must be the path of a file, or a list of paths.", at: entry)
                continue
            }
            if let file = file(text, entry, origin, files) { parts.append(file) }
        }
        return parts
    }

    /// Returns the contents of one imported file; nil if it cannot be imported, which is reported.
    private mutating func file(_ text: String, _ node: Node, _ origin: NodeOrigin, _ files: [FilePath]) -> Parts? {
        func refuse(_ message: String) -> Parts? {
            origin.log.report(message, at: node)
            return nil
        }
        guard !Expression.isIn(text) else {
            return refuse("files are imported before variables are known. Write the path out.")
        }
        let path = origin.file.folder.pushing(FilePath(text)).lexicallyNormalized()
        guard texts != nil || project.contains(path) else {
            return refuse("'\(text)' is outside of the project, \(project.path). Import files from there only.")
        }
        let real = path.resolvingLinks()
        if let first = files.firstIndex(of: real) {
            let circle = (files[first...] + [real]).map { $0.lastComponent?.string ?? "" }.joined(separator: ", ")
            return refuse("the imports go in a circle: \(circle). Take one of them out.")
        }
        guard files.count <= Self.mostLevels else {
            return refuse("files import each other more than \(Self.mostLevels) deep. Import this one further up.")
        }
        importCount += 1
        guard importCount <= Self.mostImports else {
            return importCount > Self.mostImports + 1
                ? nil : refuse("the pipeline imports more than \(Self.mostImports) files. Put some together.")
        }
        return read(path, real, node, origin, files)
    }

    private func text(of path: FilePath) throws -> String {
        guard let texts else { return try SourceText.read(path) }
        guard let text = texts[path] else { throw FileError("open", path, errno: .noSuchFileOrDirectory) }
        return text
    }

    private mutating func read(
        _ path: FilePath,
        _ real: FilePath,
        _ node: Node,
        _ origin: NodeOrigin,
        _ files: [FilePath]
    ) -> Parts? {
        let source: String
        do { source = try text(of: path) } catch let error as SettingsError {
            let log = origin.log.within(SettingsFile(path: path, text: ""))
            for problem in error.diagnostics { log.report(problem.message, at: problem.place) }
            return nil
        } catch {
            origin.log.report("\(error)", at: node)
            return nil
        }
        byteCount += source.utf8.count
        guard byteCount <= Self.mostBytes else {
            origin.log.report("the imported files have more than \(Self.mostBytes) bytes. Import less.", at: node)
            return nil
        }
        let file = SettingsFile(path: path, text: source)
        let log = origin.log.within(file)
        guard let root = SettingsDocument.compose(source, log),
            let reader = SettingReader(root, "an imported file", known: Self.keys, log)
        else { return nil }
        return read(reader, NodeOrigin(file: file, log: log), files: files + [real])
    }
}
