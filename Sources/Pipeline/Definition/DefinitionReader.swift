import BinaryIO
import Registry
import Settings
import SystemPackage
import Yams

extension PipelineDefinition {
    /// Reads and checks a pipeline file.
    /// - Parameters:
    ///   - overrides: `KEY=VALUE` settings that replace those of the file: `version`, `model.source`, `STEP.KEY`.
    ///   - kinds: the kinds of steps that there are.
    /// - Throws: `FileError`, or `SettingsError` with everything that is wrong.
    package init(path: FilePath, overrides: [String], kinds: [any StepSettings.Type]) throws {
        try self.init(text: try SourceText.read(path), path: path, overrides: overrides, kinds: kinds)
    }

    package init(text: String, path: FilePath, overrides: [String], kinds: [any StepSettings.Type]) throws {
        let log = DiagnosticLog()
        let root = SettingsDocument.compose(text, log)
        // Whoever asks for it, what is wrong with a file is said in the file's own words.
        let parts = SettingStyle.name.within {
            var reader = root.flatMap { DefinitionReader($0, kinds, log) }
            reader?.apply(overrides)
            return reader?.read()
        }
        guard log.diagnostics.isEmpty, let parts else {
            throw SettingsError(path: path, text: text, diagnostics: log.diagnostics)
        }
        name = parts.name
        version = parts.version
        source = parts.source
        license = parts.license
        tags = parts.tags
        adapters = parts.adapters
        steps = parts.steps
        self.path = path
        digest = SHA256Digest(of: (text + overrides.map { "\n\($0)" }.joined()).utf8)
    }
}

/// Walks a composed pipeline file.
private struct DefinitionReader {
    struct Parts {
        var name: String
        var version: String
        var source: String
        var license: String
        var adapters: [ModelAdapter]
        var tags: [String]
        var steps: [PipelineDefinition.Step]
    }

    private static let keys = ["pipeline", "version", "model", "steps"]
    private var root: Node
    private let kinds: [any StepSettings.Type]
    private let log: DiagnosticLog

    init?(_ root: Node, _ kinds: [any StepSettings.Type], _ log: DiagnosticLog) {
        guard root.mapping != nil else {
            log.report("a pipeline file must be a mapping with 'pipeline', 'version', 'model' and 'steps'.", at: root)
            return nil
        }
        (self.root, self.kinds, self.log) = (root, kinds, log)
    }

    /// Puts settings from outside in the place of the file's.
    mutating func apply(_ overrides: [String]) {
        for override in overrides {
            let parts = override.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            let path = parts.first?.split(separator: ".").map(String.init) ?? []
            guard parts.count == 2, !path.isEmpty, let value = try? Yams.compose(yaml: parts[1]) else {
                log.report("the override '\(override)' is not KEY=VALUE, such as version=1.0.1.", at: root)
                continue
            }
            guard set(value, at: path) else {
                log.report(
                    "the override '\(override)' names no setting of the pipeline, the model or a step.",
                    at: root
                )
                continue
            }
        }
    }

    private mutating func set(_ value: Node, at path: [String]) -> Bool {
        if path == ["version"] || path == ["pipeline"] {
            root[path[0]] = value
            return true
        }
        if path.count == 2, path[0] == "model" {
            root["model"]?[path[1]] = value
            return root["model"]?[path[1]] != nil
        }
        guard path.count == 2, var steps = root["steps"]?.sequence,
            let index = steps.firstIndex(where: { $0["id"]?.string == path[0] }),
            let kind = kinds.first(where: { steps[index][$0.kind] != nil })
        else { return false }
        steps[index][kind.kind]?[path[1]] = value
        root["steps"] = .sequence(steps)
        return true
    }

    func read() -> Parts? {
        guard let reader = SettingReader(root, "the pipeline", known: Self.keys, log) else { return nil }
        let name = reader.requiredText("pipeline")
        let version = reader.requiredText("version")
        check(reader.node("pipeline"), reader.node("version"), name, version)
        let model = reader.required("model").flatMap {
            SettingReader($0, "the model", known: ["source", "license", "lora", "tags"], log)
        }
        let source = model?.requiredText("source")
        let tags = model?.texts("tags")?.map(\.text) ?? []
        let steps = reader.required("steps").map(readSteps) ?? []
        guard let name, let version, let source else { return nil }
        return Parts(
            name: name,
            version: version,
            source: source,
            license: model?.text("license") ?? "unknown",
            adapters: model?.node("lora").map(readAdapters) ?? [],
            tags: tags,
            steps: steps
        )
    }

    /// Builds are named after pipeline and version, so both must be fit for that.
    private func check(_ nameNode: Node?, _ versionNode: Node?, _ name: String?, _ version: String?) {
        if let version, let node = versionNode, ModelVersion(version) == nil {
            log.report("'\(version)' is not a valid version. Write three numbers, such as 1.0.0.", at: node)
        }
        guard let name, let node = nameNode, let version = ModelVersion("1.0.0") else { return }
        do {
            _ = try BuildName(model: name, version: version, type: "f16")
        } catch {
            log.report("\(error)", at: node)
        }
    }

    /// A folder, or a list of folders and of mappings with `folder` and `scale`.
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

    private func readSteps(_ node: Node) -> [PipelineDefinition.Step] {
        guard let sequence = node.sequence, !sequence.isEmpty else {
            log.report("'steps' must be a list of steps.", at: node)
            return []
        }
        var steps: [PipelineDefinition.Step] = []
        for node in sequence {
            guard let step = readStep(node, earlier: steps) else { continue }
            steps.append(step)
        }
        return steps
    }

    private func readStep(_ node: Node, earlier: [PipelineDefinition.Step]) -> PipelineDefinition.Step? {
        let names = kinds.map { $0.kind }
        guard let reader = SettingReader(node, "a step", known: ["id"] + names, log) else { return nil }
        guard let id = reader.requiredText("id") else { return nil }
        if let place = reader.node("id"),
            !id.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") })
        {
            log.report("the id '\(id)' may hold letters, digits, '-' and '_' only.", at: place)
        }
        if earlier.contains(where: { $0.id == id }) {
            log.report("another step is called '\(id)' already. Give each its own id.", at: reader.node("id") ?? node)
        }
        let present = kinds.filter { reader.node($0.kind) != nil }
        guard present.count == 1, let kind = present.first, let mapping = reader.node(kind.kind) else {
            log.report("step '\(id)' must say what it does, with one of: \(names.joined(separator: ", ")).", at: node)
            return nil
        }
        guard let settings = kind.init(mapping, StepReferences(earlier: earlier), log) else { return nil }
        return PipelineDefinition.Step(id: id, settings: settings, place: node.place)
    }
}
