import BinaryIO
import Settings
import SystemPackage
import Yams

/// A pipeline file with all its imports, before expressions and matrices are expanded. It may describe several models.
struct PipelineDocument {
    static let keys = ["pipeline", "version", "model", "steps", "models", "vars", "import"]
    /// The most models of one file.
    static let mostModels = 64

    let origin: NodeOrigin
    private(set) var root: Node
    private(set) var variables: [Variable]
    private(set) var templates: [StepTemplate]
    private let kinds: [any StepSettings.Type]

    /// Reads the file's own nodes and imports the others; reports mistakes.
    /// - Parameter imported: the texts of the files that may be imported; nil to read the files.
    init?(
        _ root: Node,
        _ file: SettingsFile,
        _ kinds: [any StepSettings.Type],
        _ log: DiagnosticLog,
        imported: [FilePath: String]? = nil
    ) {
        guard root.mapping != nil else {
            log.report("a pipeline file must be a mapping with 'pipeline', 'version', 'model' and 'steps'.", at: root)
            return nil
        }
        guard let reader = SettingReader(root, "the pipeline", known: Self.keys, log) else { return nil }
        (self.root, self.kinds) = (root, kinds)
        origin = NodeOrigin(file: file, log: log)
        var imports = ImportReader(ProjectFolder(of: file.path), texts: imported)
        let parts = imports.read(reader, origin, files: [file.path.resolvingLinks()])
        (variables, templates) = (parts.variables, parts.templates)
    }

    /// The names of the models in their order; one nil if the file has a model without a name.
    var models: [String?] {
        guard let models = root["models"], !models.isNull else { return [nil] }
        guard let mapping = models.mapping, !mapping.isEmpty else {
            origin.log.report("'models' must be a mapping from names to models, each with its 'source'.", at: models)
            return []
        }
        guard mapping.count <= Self.mostModels else {
            origin.log.report("the file has more than \(Self.mostModels) models. Split it.", at: models)
            return []
        }
        if let model = root["model"], !model.isNull {
            origin.log.report("'model' and 'models' do not go together. Give one of them.", at: model)
        }
        return mapping.keys.compactMap { key in
            let name = key.string ?? ""
            if Expression.isName(name) { return name }
            origin.log.report("the model's name '\(name)' may hold letters, digits, '-' and '_' only.", at: key)
            return nil
        }
    }

    /// Applies overrides to the file's settings.
    mutating func apply(_ overrides: [String]) {
        for text in overrides {
            guard let override = SettingOverride(text) else {
                origin.log.report("the override '\(text)' is not KEY=VALUE, such as version=1.0.1.", at: root)
                continue
            }
            if override.path.count == 2, override.path[0] == "vars" {
                setVariable(override)
            } else if !set(override.value, at: override.path) {
                origin.log.report(
                    "the override '\(text)' names no setting of the pipeline, the model or a step.",
                    at: root
                )
            }
        }
    }

    private mutating func setVariable(_ override: SettingOverride) {
        let name = override.path[1]
        guard override.value.scalar != nil else {
            origin.log.report("the override '\(override.text)' must have a text, a number or a truth value.", at: root)
            return
        }
        let indices = variables.indices.filter { variables[$0].name == name }
        guard !indices.isEmpty else {
            let known = Set(variables.map(\.name)).sorted()
            let advice = known.isEmpty ? "The file has none." : Spelling.advice(for: name, among: known)
            origin.log.report("the override '\(override.text)' names no variable. \(advice)", at: root)
            return
        }
        for index in indices { variables[index].node = override.value }
    }

    private mutating func set(_ value: Node, at path: [String]) -> Bool {
        if path == ["version"] || path == ["pipeline"] {
            root[path[0]] = value
            return true
        }
        if path.count == 2, path[0] == "model", root["model"] != nil {
            root["model"]?[path[1]] = value
            return root["model"]?[path[1]] != nil
        }
        if path.count == 3, path[0] == "models", root["models"]?[path[1]] != nil {
            root["models"]?[path[1]]?[path[2]] = value
            return root["models"]?[path[1]]?[path[2]] != nil
        }
        guard path.count == 2, let index = templates.firstIndex(where: { $0.id == path[0] }),
            let kind = kinds.first(where: { templates[index].node[$0.kind] != nil })
        else { return false }
        templates[index].node[kind.kind]?[path[1]] = value
        return true
    }
}
