import BinaryIO
import Pipeline
import Quantization
import Settings
import SystemPackage
import Tensors

/// Settings for quantizing a model.
public struct QuantizeSettings: StepKind {
    /// The `convert` step to start from. A command names its model elsewhere.
    public var model: String
    /// The types of the builds; empty if a command copies the tensors.
    public var types: [BuildType]
    /// The recipes by the names used among the types.
    public var recipes: [String: Recipe]
    /// The `sensitivity` step that provides the costs of tensors; nil if no type is chosen by cost.
    public var costs: String?
    /// The source of the importance matrix; nil for none.
    public var imatrix: MatrixReference?
    /// Substrings of the names of importance-matrix entries to include; empty for all.
    public var includedWeights: [String]
    /// Substrings of the names of entries to exclude.
    public var excludedWeights: [String]
    /// The path, as written, of a file with further rules on tensors' types.
    public var tensorTypeFile: String?
    /// Rules for tensors by their roles, which apply after all others.
    var roleRules: [TensorTypeRule] = []
    /// The settings of rounding with feedback.
    public var feedback: FeedbackSettings
    /// The options that settings contain directly: everything except the importance matrix and the rules of the file.
    public var options: QuantizationOptions

    package static let kind = "quantize"
    package static let settings =
        [
            .model("the `convert` step to start from"),
            Setting(
                "types",
                "a list such as [q8_0, q4_k_m, auto-3.5bpw, auto-1.2gb, auto-pixel-8]; `auto` chooses each tensor's type by `costs`, for bits a "
                    + "weight, a size or a device",
                takes: .strict(
                    .list(.any([.choice(types), .pattern("^[aA][uU][tT][oO]-.+$", example: "auto-3.5bpw")])),
                    unless: "recipes"
                ),
                isRequired: true,
                help: "The quantization type, or copy to keep every tensor's."
            ),
            Setting(
                "recipes",
                "types of one's own, by name: `{ base: q4_k_m, tensors: FILE }`, where the file assigns types to tensors, NAME=TYPE, "
                    + "and the others follow the base",
                standard: "none",
                .files,
                takes: .each(
                    .mapping([
                        SettingKind.Field("base", .choice(types), isRequired: true),
                        SettingKind.Field("tensors", .path, isRequired: true),
                    ])
                )
            ),
            Setting(
                "costs",
                "the `sensitivity` step that `auto` types are chosen by",
                standard: "none",
                .files,
                takes: .step([SensitivitySettings.kind])
            ),
            Setting(
                "imatrix",
                "an importance matrix: an `imatrix` or `sensitivity` step's id, or a file in either form of llama-imatrix, with a dot or a slash "
                    + "in its name; types of two bits need one",
                standard: "none",
                takes: .stepOrPath([ImatrixSettings.kind, SensitivitySettings.kind]),
                help: "An importance matrix that llama-imatrix wrote, in either form; types of two bits need one."
            ),
            Setting(
                "include-weights",
                "use the importance matrix only for tensors with this in their names",
                standard: "all",
                takes: .list(.text)
            ),
            Setting(
                "exclude-weights",
                "use the importance matrix for no tensor with this in its name",
                standard: "none",
                takes: .list(.text)
            ),
            Setting(
                "rounding",
                "reference, to the byte as llama-quantize does; refined, lower error in the same size with an importance "
                    + "matrix; lattice, for models trained for four bits, whose grid q4_0 keeps; auto, lattice where tensors lie "
                    + "on a grid, else reference; feedback, each column makes up for the errors of those before it on a text",
                standard: "reference",
                takes: .choice(Rounding.allCases.map(\.rawValue))
            ),
        ]
        + FeedbackSettings.settings + [
            Setting("pure", "one type for all tensors, without a mix", standard: "false", takes: .flag),
            Setting(
                "output-tensor-type",
                "type of the output tensor",
                standard: "by the mix",
                takes: .choice(tensorTypes)
            ),
            Setting(
                "token-embedding-type",
                "type of the token embedding",
                standard: "by the mix",
                takes: .choice(tensorTypes)
            ),
            Setting(
                "tensor-types",
                "regular expressions of tensor names and their types; the first match wins",
                standard: "none",
                takes: .any([.each(.choice(tensorTypes)), .list(.pattern("=", example: "ffn_down=q6_k"))]),
                help: "A type for tensors whose names match; the first match wins."
            ),
            Setting(
                "role-types",
                "types of all tensors of a role: \(RoleTypes.names.joined(separator: ", ")); `tensor-types` win",
                standard: "none",
                .files,
                takes: .mapping(RoleTypes.names.map { SettingKind.Field($0, .choice(tensorTypes)) })
            ),
            Setting(
                "tensor-type-file",
                "a file of further such rules, REGEX=TYPE, with spaces or lines between",
                standard: "none",
                takes: .path
            ),
            Setting("leave-output-tensor", "keep the output tensor as it is", standard: "false", takes: .flag),
            Setting(
                "allow-requantize",
                "quantize again what is quantized; adds the errors of both",
                standard: "false",
                takes: .flag
            ),
            Setting("prune-layers", "layers to leave out, such as 3,5,7", standard: "none", takes: .list(.text)),
            Setting(
                "override-kv",
                "metadata to write instead, KEY=TYPE:VALUE; the type is int, float, bool or str",
                standard: "none",
                takes: .list(.pattern("^[^=]+=[a-z]+:", example: "llama.context_length=int:4096"))
            ),
        ]

    /// The source of an importance matrix.
    public enum MatrixReference: Sendable, Equatable {
        /// A file, with its path as written.
        case file(String)
        case step(String)

        var step: String? { if case .step(let id) = self { id } else { nil } }
    }

    /// A build whose types are assigned tensor by tensor.
    public struct Recipe: Sendable, Equatable {
        /// The mix for tensors that the file does not name.
        public var base: FileType
        /// The path, as written, of the assignment's file.
        public var tensors: String
    }

    /// The names of the quantization types as written in build names.
    public static var types: [String] { FileType.allCases.map { $0.tag } }

    /// The types that tensors can be quantized to, as written in settings.
    static var tensorTypes: [String] { TensorType.allCases.filter(Quantizer.canEncode).map { $0.name.lowercased() } }

    /// The type by which a command keeps every tensor's type.
    static let copy = "copy"

    package init(_ reader: SettingReader, _ references: StepReferences) {
        model = ""
        recipes = reader.recipes()
        types = reader.buildTypes(recipes, isForCommand: !references.areSteps)
        imatrix = Self.matrix(reader, references)
        costs = Self.costs(reader, references, types)
        includedWeights = reader.texts("include-weights")?.map(\.text) ?? []
        excludedWeights = reader.texts("exclude-weights")?.map(\.text) ?? []
        tensorTypeFile = reader.text("tensor-type-file")
        options = QuantizationOptions()
        options.copiesOnly = types.isEmpty
        options.rounding = reader.rounding(hasMatrix: imatrix != nil || !references.areSteps)
        feedback = FeedbackSettings(reader, isUsed: options.rounding == .feedback)
        // A model can be run only from a file.
        if references.areSteps {
            model =
                options.rounding == .feedback
                ? references.file("model", in: reader)
                : references.id("model", in: reader, kinds: [ConvertSettings.kind])
        }
        options.pure = reader.flag("pure") ?? false
        options.outputTensorType = reader.tensorType("output-tensor-type")
        options.tokenEmbeddingType = reader.tensorType("token-embedding-type")
        options.tensorTypes = reader.tensorTypes()
        roleRules = reader.roleTypes(&options)
        options.leaveOutputTensor = reader.flag("leave-output-tensor") ?? false
        options.allowRequantize = reader.flag("allow-requantize") ?? false
        options.prunedLayers = reader.layers()
        options.overrides = reader.overrides()
        if !includedWeights.isEmpty, !excludedWeights.isEmpty, let place = reader.node("exclude-weights") {
            reader.report("'include-weights' and 'exclude-weights' do not go together. Give one of them.", at: place)
        }
    }

    /// Reads an earlier step that makes an importance matrix, or a file. Ids in pipeline files contain neither dots nor
    /// slashes.
    private static func matrix(_ reader: SettingReader, _ references: StepReferences) -> MatrixReference? {
        guard let text = reader.text("imatrix") else { return nil }
        // The id of a step expanded from a matrix may contain a dot, too.
        let isPath = references[text] == nil && (text.contains(".") || text.contains("/"))
        if !references.areSteps || isPath { return .file(text) }
        return .step(references.id("imatrix", in: reader, kinds: [ImatrixSettings.kind, SensitivitySettings.kind]))
    }

    private static func costs(_ reader: SettingReader, _ references: StepReferences, _ types: [BuildType]) -> String? {
        guard references.areSteps else { return nil }
        let automatic = types.first { AutoType.goal($0.tag) != nil }
        guard reader.node("costs") != nil else {
            if let automatic, let place = reader.node("types") {
                reader.report(
                    "'\(automatic)' is chosen by what tensors cost. Name a `sensitivity` step with 'costs'.",
                    at: place
                )
            }
            return nil
        }
        if automatic == nil, let place = reader.node("costs") {
            reader.report("'costs' is used by no type. Add one such as auto-3.5bpw, or leave it out.", at: place)
        }
        return references.id("costs", in: reader, kinds: [SensitivitySettings.kind])
    }

    package var needs: [String] {
        let others = [imatrix?.step, costs].compactMap { $0 }
        return [model] + others.enumerated().filter { others.firstIndex(of: $1) == $0 }.map { $1 }
    }

    func step(_ id: String, on bench: Workbench) throws -> any Step {
        var matrix: QuantizeStep.Matrix?
        switch imatrix {
        case .file(let name)?:
            let path = bench.path(name)
            matrix = .file(name: name, path, try bench.file(path))
        case .step(let id)?: matrix = .step(bench.importanceMatrix(id))
        case nil: break
        }
        let rules = tensorTypeFile.map(bench.path)
        // The rules are settings and part of the key; the file is digested only for the lock.
        if let rules { _ = try bench.digest(of: rules) }
        let text = feedback.text.map(bench.path)
        return QuantizeStep(
            id: id,
            settings: try self.withRules(in: rules),
            model: bench.conversion(model),
            matrix: matrix ?? costs.map { .step(bench.importanceMatrix($0)) },
            costs: costs.map(bench.costs),
            text: try text.map { ($0, try bench.file($0)) },
            recipes: try recipes.mapValues { recipe in
                let path = bench.path(recipe.tensors)
                return QuantizeStep.Recipe(base: recipe.base, path: path, input: try bench.file(path))
            }
        )
    }
}

extension QuantizeSettings {
    /// Returns the settings with all rules on tensors' types: those of the file after the named ones, and those for
    /// roles last.
    /// - Throws: `FileError`; `StepsError.badFile` with the line of an invalid rule.
    package func withRules(in file: FilePath?) throws -> QuantizeSettings {
        var settings = self
        if let file { settings.options.tensorTypes += try TensorTypeRule.rules(in: file) }
        settings.options.tensorTypes += roleRules
        settings.roleRules = []
        return settings
    }

    /// Returns all options, with the included entries of an importance matrix.
    func options(with matrix: ImportanceMatrix?) -> QuantizationOptions {
        var options = options
        options.importanceMatrix = matrix?.filtered { name in
            !excludedWeights.contains(where: name.contains)
                && (includedWeights.isEmpty || includedWeights.contains(where: name.contains))
        }
        return options
    }

    /// The settings that decide a cached result, besides the type.
    var keyEntries: [String: String] {
        var entries = [
            "pure": "\(options.pure)",
            "leaveOutput": "\(options.leaveOutputTensor)",
            "allowRequantize": "\(options.allowRequantize)",
            "output": options.outputTensorType?.name ?? "",
            "tokenEmbedding": options.tokenEmbeddingType?.name ?? "",
            "prunedLayers": options.prunedLayers.sorted().map { "\($0)" }.joined(separator: ","),
        ]
        // A pattern or a text may contain any character, so each is a value of its own.
        for (index, rule) in options.tensorTypes.enumerated() {
            entries["tensorType.\(index)"] = "\(rule.type.name) \(rule.pattern)"
        }
        for (index, override) in options.overrides.enumerated() {
            entries["override.\(index)"] = "\(override.key)=\(override.value)"
        }
        for (index, text) in includedWeights.enumerated() { entries["included.\(index)"] = text }
        for (index, text) in excludedWeights.enumerated() { entries["excluded.\(index)"] = text }
        if options.rounding != .reference { entries["rounding"] = options.rounding.rawValue }
        if options.rounding == .feedback {
            entries["feedbackTokens"] = "\(feedback.tokens)"
            entries["damping"] = "\(feedback.damping)"
        }
        return entries
    }
}
