import BinaryIO
import Pipeline
import Settings
import SystemPackage

/// A new commented pipeline file, made from a user's answers about a model.
public struct PipelineTemplate: Sendable {
    /// The model: a folder, a GGUF file, or hf://owner/name.
    public var source: String
    /// The name of the builds; nil for the model's own name.
    public var name: String?
    public var types = ["q8_0", "q4_k_m"]
    /// The text for measuring quality; nil omits the step.
    public var text: String?
    /// The devices for which builds are estimated; empty for all.
    public var devices: [String] = []

    public init(source: String) { self.source = source }

    /// The name of the schema's file, which the first line of a pipeline file refers to.
    public static let schemaName = "edgepipe.schema.json"

    /// The name of the builds: the given one, or one derived from the source.
    public var pipelineName: String {
        if let name { return name }
        let last = source.split(separator: "/").last.map { $0.split(separator: "@").first.map(String.init) ?? "" } ?? ""
        let stem = last.lowercased().hasSuffix(".gguf") ? String(last.dropLast(5)) : last
        let fit = stem.lowercased().map { character in
            character.isASCII && (character.isLetter || character.isNumber || "._-".contains(character))
                ? character : "-"
        }
        let text = String(String(fit).drop { !$0.isLetter && !$0.isNumber }.prefix(NameGrammar.longest))
        return text.isEmpty ? "model" : text
    }

    /// Returns the text of the file.
    /// - Parameter path: the file's future path; paths in the file are relative to it.
    /// - Throws: `StepsError.badRequest` for values that a pipeline file cannot express.
    public func yaml(at path: FilePath) throws -> String {
        for text in [source, name, text].compactMap({ $0 }) + types + devices where Expression.isIn(text) {
            throw StepsError.badRequest(
                "'\(text)' has an expression's braces in it. Choose a name or a path without '${{'."
            )
        }
        let text = self.text(at: path)
        do {
            _ = try PipelineDefinition(text: text, path: path)
        } catch let error as SettingsError {
            throw StepsError.badRequest(error.diagnostics.first?.message ?? "\(error)")
        }
        return text
    }

    /// Writes the file, and the schema beside it if there is none.
    /// - Returns: the files that were written.
    /// - Throws: `FileError`; `StepsError.badRequest` if the file already exists.
    public func write(to path: FilePath) throws -> [FilePath] {
        let text = try yaml(at: path)
        guard FileStatus(path) == nil else {
            throw StepsError.badRequest(
                "\(path): there is a file already, and it is kept. Give another name with \(setting: "output")."
            )
        }
        try writeFile(text.utf8, to: path)
        let schema = path.removingLastComponent().appending(Self.schemaName)
        guard FileStatus(schema) == nil else { return [path] }
        try writeFile(StepKinds.schema.json(of: .pipeline).utf8, to: schema)
        return [path, schema]
    }

    private func text(at path: FilePath) -> String {
        let file = path.lastComponent?.string.visible ?? ""
        let list = types.map(YAMLText.scalar).joined(separator: ", ")
        let phones = devices.isEmpty ? "" : ", devices: [\(devices.map(YAMLText.scalar).joined(separator: ", "))]"
        let importance = needsImportance ? "      imatrix: importance\n" : ""
        return """
            # yaml-language-server: $schema=\(Self.schemaName)
            #
            #   edgepipe validate \(file)    all mistakes at once, each with its place
            #   edgepipe plan \(file)        sizes, memory and time, before anything runs
            #   edgepipe run \(file) --smoke a run on two layers, in seconds
            #   edgepipe run \(file)
            pipeline: \(YAMLText.scalar(pipelineName))
            version: 1.0.0 # published versions never change: raise it to publish something else
            model:
              source: \(YAMLText.scalar(Self.relative(source, to: path)))
              # license: mit # an SPDX identifier, or the name that the source gives
              # tags: [chat] # what the model is for; queries ask for them
            \(variables(path))steps:
              - id: f16
                convert: { type: f16 }
            \(importanceStep)  - id: builds
                quantize:
                  model: f16
            \(importance)      types: [\(list)] # auto-3.5bpw and others need a `sensitivity` step
            \(qualityStep)  - id: fit
                fit: { builds: builds, context: 4096\(phones) }
              - id: publish
                publish: { builds: builds, channel: candidate }

            """
    }

    /// Whether a type needs an importance matrix, as the smallest ones do.
    private var needsImportance: Bool { text != nil && types.contains { $0.lowercased().hasPrefix("iq") } }

    private func variables(_ path: FilePath) -> String {
        guard let text else { return "" }
        return """
            vars:
              text: \(YAMLText.scalar(Self.relative(text, to: path)))
              chunks: 20 # windows of the text that are read; more take longer, and narrow the error

            """
    }

    private var importanceStep: String {
        guard needsImportance else { return "" }
        return """
              - id: importance # better of another text than the one that judges
                imatrix: { model: f16, text: "${{ vars.text }}", chunks: "${{ vars.chunks }}" }

            """
    }

    private var qualityStep: String {
        guard text != nil else {
            return """
                  # - id: quality
                  #   validate: { builds: builds, text: sample.txt, chunks: 20, against: f16 }

                """
        }
        return """
              - id: quality
                validate:
                  builds: builds
                  text: ${{ vars.text }}
                  chunks: ${{ vars.chunks }}
                  against: f16 # KL divergence, too
                  # gates: # what a build must reach to be published
                  #   \(types.first.map(YAMLText.scalar) ?? "q4_k_m"): { max-perplexity-increase: 5%, max-mean-kld: 0.05 }

            """
    }

    /// Returns the path relative to the folder of the file, unless it is a Hub reference or absolute. Links in it are
    /// not resolved.
    private static func relative(_ text: String, to file: FilePath) -> String {
        let path = FilePath(text).lexicallyNormalized()
        guard !text.hasPrefix("hf://"), !path.isAbsolute else { return text }
        guard !file.removingLastComponent().lexicallyNormalized().isEmpty else {
            return path.isEmpty ? "." : path.string
        }
        let from = Array(file.resolvingLinks().removingLastComponent().components)
        let here = FilePath(".").resolvingLinks()
        let to = Array(here.pushing(path).lexicallyNormalized().components)
        let common = zip(from, to).prefix { $0 == $1 }.count
        let steps = Array(repeating: "..", count: from.count - common) + to.dropFirst(common).map(\.string)
        return steps.isEmpty ? "." : steps.joined(separator: "/")
    }
}
