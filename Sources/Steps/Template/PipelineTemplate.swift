import BinaryIO
import Pipeline
import Settings
import SystemPackage

/// A new pipeline file, with comments, of what somebody says about a model.
public struct PipelineTemplate: Sendable {
    /// A folder, a GGUF file, or hf://owner/name.
    public var source: String
    /// What builds are called; nil for the model's own name.
    public var name: String?
    public var types = ["q8_0", "q4_k_m"]
    /// A text that quality is measured on; nil leaves the step out.
    public var text: String?
    /// Devices that builds are estimated for; all where there are none.
    public var devices: [String] = []

    public init(source: String) { self.source = source }

    /// The name of the schema's file, which the first line of a pipeline file points to.
    public static let schemaName = "edgepipe.schema.json"

    /// What builds are called: the name that was given, or one that is made of the source.
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

    /// The text of the file.
    /// - Parameter path: where it will be: paths in it start from there.
    /// - Throws: `StepsError.badRequest` for what no pipeline file can say.
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

    /// Writes the file, and the schema beside it where there is none.
    /// - Returns: what was written.
    /// - Throws: `FileError`; `StepsError.badRequest` where a file is there already.
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

    /// Types of the smallest kinds need an importance matrix.
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

    /// A path from the folder of the file, where it is no place of the Hub and not absolute. Links in it stay as they are.
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
