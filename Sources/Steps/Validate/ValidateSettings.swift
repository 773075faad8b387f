import Architectures
import BinaryIO
import Evaluation
import Pipeline
import Settings
import Yams

/// Settings for measuring quality on a text, and the limits that builds must meet.
public struct ValidateSettings: StepKind {
    /// The step whose builds are measured. A command measures one model instead.
    public var builds: String
    /// The file's path as written in the pipeline file.
    public var text: String
    /// The number of tokens per window.
    public var context = 512
    /// The largest number of windows; nil for the whole text.
    public var chunks: Int?
    /// The number of nodes that share the windows.
    public var pieces = 1
    /// The `convert` step to compare with.
    public var against: String?
    /// The path, as written in the pipeline file, of multiple-choice tasks.
    public var tasks: String?
    /// The path, as written in the pipeline file, of questions for a chat model, or `usual`; nil for none.
    public var questions: String?
    /// The chat form of the questions; nil for the model's own form.
    public var chatForm: ChatForm?
    /// The largest number of tokens of an answer.
    public var answerTokens = 256
    /// The pooling of an embedding model's vectors; nil for the file's own.
    public var pooling: Pooling?
    /// The rule for stopping when a build misses its gate; nil to always measure the whole text.
    var earlyStop: EarlyStop?
    /// The gates by build type, such as "q4_k_m".
    public var gates: [String: QualityGate] = [:]

    package static let kind = "validate"
    /// The value that selects `TalkRun.usualQuestions` instead of a file.
    static let usualQuestions = "usual"
    package static let settings = [
        .builds("the `quantize` or `convert` step whose builds are measured"),
        Setting(
            "text",
            "a UTF-8 text; for an embedding model a text a line, or JSON strings in a file that ends in .jsonl",
            takes: .path,
            isRequired: true,
            help: "A UTF-8 text; the file of base logits holds its own."
        ),
        .context,
        .chunks,
        Setting(
            "pieces",
            "how many pieces the windows are cut into, which machines of a cluster measure side by side; the figures are the same",
            standard: "1",
            .files,
            takes: .integer(pieceLimits)
        ),
        Setting(
            "against",
            "a `convert` step to compare with: adds KL divergence; an embedding model needs it",
            standard: "none",
            .files,
            takes: .step([ConvertSettings.kind])
        ),
        Setting(
            "tasks",
            "multiple-choice tasks, lines of JSON: adds accuracy",
            standard: "none",
            .files,
            takes: .path
        ),
        Setting(
            "questions",
            "a file of questions, one a line, or usual for four plain ones: each build is asked in the form of its chat template, and an "
                + "answer counts that ends, says something, and does not repeat itself",
            standard: "none",
            .files,
            takes: .any([.choice([usualQuestions]), .path])
        ),
        Setting(
            "chat-form",
            "how questions are asked, where the chat template's form is not known: a name such as chatml, or a text with {prompt} in it",
            standard: "the template's",
            .files,
            takes: .any([.choice(ChatForm.names), .text])
        ),
        Setting(
            "answer-tokens",
            "tokens of an answer at most",
            standard: "256",
            .files,
            takes: .integer(answerLimits)
        ),
        Setting(
            "pooling",
            "of an embedding model: mean, cls, last or rank",
            standard: "the model's own",
            .files,
            takes: .choice(poolings)
        ),
        Setting(
            "gates",
            "by build type, what a build must reach, see below",
            standard: "none",
            .files,
            takes: .each(QualityGate.kind)
        ),
        Setting(
            "early-stop",
            "how certain it must be that a build misses its gate for measuring it to end before the text does, such as 99.9%",
            standard: "all of the text is measured",
            .files,
            takes: .percent
        ),
    ]

    private static let answerLimits = 1...65_536
    private static let pieceLimits = 1...256
    private static let poolings = Pooling.names.filter { $0 != Pooling.none.name }

    package init(_ reader: SettingReader, _ references: StepReferences) {
        builds = references.areSteps ? references.builds("builds", in: reader) : ""
        text = (references.areSteps ? reader.requiredText("text") : reader.text("text")) ?? ""
        context = reader.context ?? context
        chunks = reader.chunks
        pieces = reader.integer("pieces", in: Self.pieceLimits) ?? pieces
        if reader.node("against") != nil { against = references.file("against", in: reader) }
        tasks = reader.text("tasks")
        questions = reader.text("questions")
        if let node = reader.node("chat-form"), let text = reader.text("chat-form") {
            chatForm = ChatForm(text)
            if chatForm == nil {
                let advice = Spelling.advice(for: text, among: ChatForm.names)
                reader.report(
                    "'chat-form' knows no form '\(text)', and it has no \(ChatForm.place). \(advice)",
                    at: node
                )
            }
        }
        answerTokens = reader.integer("answer-tokens", in: Self.answerLimits) ?? answerTokens
        if questions == nil, let node = reader.node("chat-form") ?? reader.node("answer-tokens") {
            reader.report("nothing is asked. Name a file of questions with 'questions', or 'usual'.", at: node)
        }
        if let node = reader.node("pooling"), let name = reader.text("pooling") {
            pooling = Pooling(named: name)
            if pooling == nil || pooling == Pooling.none {
                let advice = Spelling.advice(for: name, among: Self.poolings)
                reader.report("'pooling' does not know '\(name)'. \(advice)", at: node)
            }
        }
        if let node = reader.node("gates") {
            gates = QualityGate.gates(node, reader, of: self, types: references.gateTypes(of: builds))
        }
        if let node = reader.node("early-stop"), let percent = reader.percent("early-stop") {
            earlyStop = EarlyStop(confidence: percent)
            if !EarlyStop.confidences.contains(percent) {
                reader.report("'early-stop' must be from 50% to below 100%, such as 99.9%.", at: node)
            } else if gates.isEmpty {
                reader.report("no gate could be missed. Add 'gates', or leave 'early-stop' out.", at: node)
            } else if pieces > 1 {
                reader.report("pieces are measured to the end. Leave out 'pieces' or 'early-stop'.", at: node)
            }
        }
    }

    package var needs: [String] { [builds] + (against.map { [$0] } ?? []) }

    /// Returns the gate of a build type. A model that was converted to its own precision uses the gate `auto`, because
    /// its type is not known in advance.
    func gate(for type: String) -> QualityGate? { gates[type] ?? gates["auto"] }

    func steps(_ id: String, on bench: Workbench) throws -> [any Step] {
        let whole = try validateStep(id, on: bench)
        return whole.pieces + [whole]
    }

    func step(_ id: String, on bench: Workbench) throws -> any Step { try validateStep(id, on: bench) }

    private func validateStep(_ id: String, on bench: Workbench) throws -> ValidateStep {
        func source(_ name: String) throws -> ValidateStep.Source {
            let path = bench.path(name)
            return ValidateStep.Source(path: path, digest: try bench.digest(of: path))
        }
        let made = bench.builds(builds)
        if let model = made.modelKind, let obstacle = obstacle(for: model) { throw StepsError.badFile(obstacle) }
        return ValidateStep(
            id: id,
            settings: self,
            made: made.builds,
            modelKind: made.modelKind,
            memory: made.memory,
            base: against.map(bench.conversion),
            text: try source(text),
            tasks: try tasks.map(source),
            questions: try questions.flatMap { $0 == Self.usualQuestions ? nil : try source($0) },
            references: try Set(gates.values.compactMap(\.over)).map(bench.reference)
        )
    }

    /// Returns the reason why a model of this kind cannot be measured with these settings, with what to do; nil if it
    /// can.
    func obstacle(for model: ModelKind) -> String? {
        for gate in gates.sorted(by: { $0.key < $1.key }) {
            if let words = gate.value.obstacle(for: model) { return "the gate of \(gate.key): \(words)" }
        }
        guard model != .language else {
            return pooling == nil
                ? nil : "'pooling' is for embedding models, and this is a language model. Leave it out."
        }
        if questions != nil {
            return "'questions' are asked of language models, and this is \(model.words). Leave them out."
        }
        if pieces > 1 {
            return "'pieces' cuts the text of a language model, and this is \(model.words). Leave it out."
        }
        if earlyStop != nil {
            return "'early-stop' is for language models, and this is \(model.words). Leave it out."
        }
        if tasks != nil {
            return "'tasks' are answered by language models, and this is \(model.words). Leave them out."
        }
        return against == nil ? EvaluationError.noBaseOfEmbeddings.description : nil
    }
}
