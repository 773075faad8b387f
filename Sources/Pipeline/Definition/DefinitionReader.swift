import BinaryIO
import Registry
import Settings
import SystemPackage
import Yams

/// Reads the pipeline of one model from a file.
struct DefinitionReader {
    private let document: PipelineDocument
    /// The model's name among several; nil if the file has only one.
    private let model: String?
    private let kinds: [any StepSettings.Type]
    private let resolver: ExpressionResolver
    /// The ids of all entries, as written in the files.
    private let ids: Set<String>

    /// The most problems that are reported: nobody reads more, and a malicious file could cause millions.
    private static let mostProblems = 256

    private var origin: NodeOrigin { document.origin }
    private var log: DiagnosticLog { document.origin.log }

    init(
        _ document: PipelineDocument,
        _ model: String?,
        _ kinds: [any StepSettings.Type],
        _ environment: [String: String]
    ) {
        (self.document, self.model, self.kinds) = (document, model, kinds)
        ids = Set(document.templates.compactMap(\.id))
        resolver = ExpressionResolver(document.variables, environment: environment, model: model)
    }

    /// - Returns: nil if a part that the pipeline needs is missing, which is reported.
    func read(overrides: [String]) -> PipelineDefinition? {
        // Unknown keys were reported when the document was read.
        let keys = document.root.mapping?.keys.compactMap(\.string) ?? []
        guard let reader = SettingReader(document.root, "the pipeline", known: keys, log) else { return nil }
        let base = text("pipeline", reader)
        let version = text("version", reader)
        check(version)
        let source = readModel(reader)
        let name = name(base, source?.name)
        let steps = readSteps(reader)
        guard let name, let version, let source else { return nil }
        return PipelineDefinition(
            name: name,
            version: version.text,
            model: model,
            source: source.uri,
            license: source.license,
            adapters: source.adapters,
            tags: source.tags,
            steps: steps,
            path: origin.file.path,
            digest: digest(overrides),
            usedEnvironment: resolver.usedEnvironment,
            origin: PipelineOrigin(text: origin.file.text, imported: log.imported, overrides: overrides)
        )
    }

    private func text(_ key: String, _ reader: SettingReader) -> (text: String, node: Node)? {
        guard let node = reader.required(key) else { return nil }
        let value = resolver.resolve(node, origin)
        guard let text = reader.text(value, key) else { return nil }
        return (text, value)
    }

    private func check(_ version: (text: String, node: Node)?) {
        guard let version, ModelVersion(version.text) == nil else { return }
        log.report("'\(version.text)' is not a valid version. Write three numbers, such as 1.0.0.", at: version.node)
    }

    /// Reads the pipeline's name, which must be valid because builds are named after it.
    private func name(_ base: (text: String, node: Node)?, _ own: (text: String, node: Node)?) -> String? {
        guard let base else { return nil }
        let name = own?.text ?? model.map { "\(base.text)-\($0)" } ?? base.text
        guard let version = ModelVersion("1.0.0") else { return nil }
        do {
            _ = try BuildName(model: name, version: version, type: "f16")
        } catch {
            log.report("\(error)", at: own?.node ?? base.node)
        }
        return name
    }

    /// The model's settings in the file.
    private struct Source {
        var name: (text: String, node: Node)?
        var uri: String
        var license: String
        var adapters: [ModelAdapter]
        var tags: [String]
    }

    private func readModel(_ pipeline: SettingReader) -> Source? {
        let keys = ["source", "license", "lora", "tags"]
        let node: Node?
        if let model {
            // Keys are compared as text: YAML would distinguish a quoted 1 from a plain one.
            node = pipeline.node("models")?.mapping?.first { $0.key.string == model }?.value
        } else {
            node = pipeline.required("model")
        }
        guard let node else { return nil }
        let what = model.map { "the model '\($0)'" } ?? "the model"
        let known = model == nil ? keys : keys + ["name"]
        guard let reader = SettingReader(resolver.resolve(node, origin), what, known: known, log) else { return nil }
        let tags = reader.texts("tags")?.map(\.text) ?? []
        guard let uri = reader.requiredText("source") else { return nil }
        let name = reader.node("name").flatMap { node in reader.text("name").map { (text: $0, node: node) } }
        return Source(
            name: name,
            uri: uri,
            license: reader.text("license") ?? "unknown",
            adapters: reader.node("lora").map(readAdapters) ?? [],
            tags: tags
        )
    }

    /// Reads a folder, or a list of folders and of mappings with `folder` and `scale`.
    private func readAdapters(_ node: Node) -> [ModelAdapter] {
        (node.sequence.map(Array.init) ?? [node]).compactMap { node in
            if let path = node.scalar?.string, !path.isEmpty, !node.isNull { return ModelAdapter(path: path) }
            guard let reader = SettingReader(node, "an adapter", known: ["folder", "scale"], log),
                let path = reader.requiredText("folder")
            else { return nil }
            guard let scale = reader.node("scale") else { return ModelAdapter(path: path) }
            if let number = scale.coreNumber { return ModelAdapter(path: path, scale: Float(number)) }
            log.report("'scale' must be a number: 1 for the strength that the adapter was trained with.", at: scale)
            return nil
        }
    }

    private func readSteps(_ pipeline: SettingReader) -> [PipelineDefinition.Step] {
        guard !document.templates.isEmpty else {
            let node = pipeline.node("steps") ?? pipeline.node("import") ?? pipeline.required("steps")
            if let node, log.diagnostics.isEmpty {
                log.report("the pipeline has no steps: the files that it imports hold none. Add one.", at: node)
            }
            return []
        }
        var expansion = MatrixExpansion(kinds, resolver)
        var steps: [PipelineDefinition.Step] = []
        var taken: Set<String> = []
        for template in document.templates {
            guard log.diagnostics.count < Self.mostProblems else {
                template.origin.log.report(
                    "the remaining steps were not read, because there are \(Self.mostProblems) problems already. Correct those first.",
                    at: template.node
                )
                break
            }
            let known = taken
            for member in expansion.members(of: template) {
                guard let step = readStep(member, template, earlier: steps, taken: known) else { continue }
                steps.append(step)
                taken.insert(step.group)
            }
        }
        return steps
    }

    /// - Parameter taken: the ids of the entries before this one.
    private func readStep(
        _ member: MatrixExpansion.Member,
        _ template: StepTemplate,
        earlier: [PipelineDefinition.Step],
        taken: Set<String>
    ) -> PipelineDefinition.Step? {
        let names = kinds.map { $0.kind }
        let node = member.node
        let log = template.origin.log
        guard let reader = SettingReader(node, "a step", known: ["id", "matrix"] + names, log) else { return nil }
        guard let id = reader.requiredText("id") else { return nil }
        if let place = reader.node("id"), !Expression.isName(id) {
            log.report("the id '\(id)' may hold letters, digits, '-' and '_' only.", at: place)
        }
        if taken.contains(id) {
            log.report("another step is called '\(id)' already. Give each its own id.", at: reader.node("id") ?? node)
        }
        let present = kinds.filter { reader.node($0.kind) != nil }
        guard present.count == 1, let kind = present.first, let mapping = reader.node(kind.kind) else {
            log.report("step '\(id)' must say what it does, with one of: \(names.joined(separator: ", ")).", at: node)
            return nil
        }
        let references = StepReferences(earlier: earlier, own: id, all: ids)
        guard let settings = kind.init(mapping, references, log) else { return nil }
        return PipelineDefinition.Step(
            id: member.id,
            group: id,
            settings: settings,
            place: node.place,
            file: template.origin.file.path
        )
    }

    /// Hashes the file and everything that was added to the definition from elsewhere.
    private func digest(_ overrides: [String]) -> SHA256Digest {
        var words = origin.file.text + overrides.map { "\n\($0)" }.joined()
        func append(_ what: String, _ text: String) { words += "\n\(what) \(text.utf8.count)\n\(text)" }
        for file in log.imported { append("import", file.text) }
        for (name, value) in resolver.usedEnvironment.sorted(by: { $0.key < $1.key }) { append("env \(name)", value) }
        if let model { append("model", model) }
        return SHA256Digest(of: words.utf8)
    }
}
