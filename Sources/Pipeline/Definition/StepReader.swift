import BinaryIO
import Conversion
import DeviceFit
import Quantization
import Settings
import Tensors
import Yams

/// Reads one step of a pipeline file.
struct StepReader {
    private let node: Node
    private let earlier: [PipelineDefinition.Step]
    private let log: DiagnosticLog

    init(_ node: Node, earlier: [PipelineDefinition.Step], _ log: DiagnosticLog) {
        self.node = node
        self.earlier = earlier
        self.log = log
    }

    func read() -> PipelineDefinition.Step? {
        let kinds = StepKind.allCases.map(\.rawValue)
        guard let reader = SettingReader(node, "a step", known: ["id"] + kinds, log) else { return nil }
        guard let id = reader.requiredText("id") else { return nil }
        if let place = reader.node("id"),
            !id.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") })
        {
            log.report("the id '\(id)' may hold letters, digits, '-' and '_' only.", at: place)
        }
        if earlier.contains(where: { $0.id == id }) {
            log.report("another step is called '\(id)' already. Give each its own id.", at: reader.node("id") ?? node)
        }
        let present = StepKind.allCases.filter { reader.node($0.rawValue) != nil }
        guard present.count == 1, let kind = present.first, let settings = reader.node(kind.rawValue) else {
            log.report("step '\(id)' must say what it does, with one of: \(kinds.joined(separator: ", ")).", at: node)
            return nil
        }
        guard let action = action(kind, settings) else { return nil }
        return PipelineDefinition.Step(id: id, action: action, place: node.place)
    }

    private func action(_ kind: StepKind, _ node: Node) -> StepAction? {
        switch kind {
        case .convert: convert(node)
        case .imatrix: imatrix(node)
        case .quantize: quantize(node)
        case .validate: validate(node)
        case .fit: fit(node)
        case .publish: publish(node)
        }
    }

    private func convert(_ node: Node) -> StepAction? {
        guard let reader = SettingReader(node, "'convert'", known: ["type", "pre", "keep"], log) else { return nil }
        var options = ConvertOptions(type: nil, preTokenizer: reader.text("pre"))
        if let name = reader.text("type"), let place = reader.node("type"), name != "auto" {
            options.type = ConvertedType(rawValue: name.lowercased())
            if options.type == nil {
                let known = ["auto"] + ConvertedType.allCases.map(\.rawValue)
                log.report("'\(name)' is no type to convert to. \(Spelling.advice(for: name, among: known))", at: place)
            }
        }
        options.keepsFile = reader.flag("keep") ?? true
        return .convert(options)
    }

    private func imatrix(_ node: Node) -> StepAction? {
        let known = ["model", "text", "context", "chunks", "parse-special", "process-output"]
        guard let reader = SettingReader(node, "'imatrix'", known: known, log) else { return nil }
        var options = ImatrixOptions(
            model: reference("model", in: reader, kinds: [.convert]),
            text: reader.requiredText("text") ?? ""
        )
        if let context = reader.integer("context", in: 4...(1 << 20)) { options.context = context }
        options.chunks = reader.integer("chunks", in: 1...(1 << 30))
        options.parsesSpecial = reader.flag("parse-special") ?? false
        options.includesOutput = reader.flag("process-output") ?? false
        return .imatrix(options)
    }

    private func quantize(_ node: Node) -> StepAction? {
        let known = [
            "model", "types", "imatrix", "rounding", "pure", "output-tensor-type", "token-embedding-type",
            "leave-output-tensor", "tensor-types", "allow-requantize",
        ]
        guard let reader = SettingReader(node, "'quantize'", known: known, log) else { return nil }
        var options = QuantizeOptions(
            model: reference("model", in: reader, kinds: [.convert], needsFile: false),
            types: fileTypes("types", in: reader)
        )
        options.imatrix = matrix("imatrix", in: reader)
        if let node = reader.node("rounding") { options.options.rounding = rounding(node, options) }
        options.options.pure = reader.flag("pure") ?? false
        options.options.leaveOutputTensor = reader.flag("leave-output-tensor") ?? false
        options.options.allowRequantize = reader.flag("allow-requantize") ?? false
        options.options.outputTensorType = tensorType("output-tensor-type", in: reader)
        options.options.tokenEmbeddingType = tensorType("token-embedding-type", in: reader)
        if let rules = reader.node("tensor-types") { options.options.tensorTypes = tensorTypes(rules) }
        return .quantize(options)
    }

    private func rounding(_ node: Node, _ options: QuantizeOptions) -> Rounding {
        guard let rounding = Rounding(rawValue: node.string ?? "") else {
            let advice = Spelling.advice(for: node.string ?? "", among: Rounding.allCases.map(\.rawValue))
            log.report("'\(node.string ?? "")' is no rounding. \(advice)", at: node)
            return .reference
        }
        if rounding == .refined, options.imatrix == nil {
            log.report("'refined' weighs errors by an importance matrix. Give one with 'imatrix'.", at: node)
        }
        return rounding
    }

    private func validate(_ node: Node) -> StepAction? {
        let known = ["builds", "text", "context", "chunks", "against", "tasks", "gates"]
        guard let reader = SettingReader(node, "'validate'", known: known, log) else { return nil }
        var options = ValidateOptions(
            builds: reference("builds", in: reader, kinds: [.convert, .quantize]),
            text: reader.requiredText("text") ?? ""
        )
        if let context = reader.integer("context", in: 4...(1 << 20)) { options.context = context }
        options.chunks = reader.integer("chunks", in: 1...(1 << 30))
        if reader.node("against") != nil {
            options.against = reference("against", in: reader, kinds: [.convert])
        }
        options.tasks = reader.text("tasks")
        if let gates = reader.node("gates") { options.gates = self.gates(gates, options) }
        return .validate(options)
    }

    private func gates(_ node: Node, _ options: ValidateOptions) -> [String: QualityGate] {
        let types = earlier.first { $0.id == options.builds }.map(Self.buildTypes) ?? []
        guard let mapping = node.mapping else {
            log.report("'gates' must be a mapping from build types to what they must reach.", at: node)
            return [:]
        }
        var gates: [String: QualityGate] = [:]
        for (key, value) in mapping {
            let type = (key.string ?? "").lowercased()
            if !types.contains(type) {
                let advice = Spelling.advice(for: type, among: types)
                log.report("step '\(options.builds)' makes no build '\(type)'. \(advice)", at: key)
            }
            let known = [
                "max-perplexity-increase", "max-perplexity", "max-bits-per-byte", "max-mean-kld", "min-same-top",
                "min-accuracy",
            ]
            guard let reader = SettingReader(value, "a gate", known: known, log) else { continue }
            let gate = QualityGate(
                maxPerplexityIncrease: reader.percent("max-perplexity-increase"),
                maxPerplexity: reader.number("max-perplexity"),
                maxBitsPerByte: reader.number("max-bits-per-byte"),
                maxMeanKLD: reader.number("max-mean-kld"),
                minSameTop: reader.percent("min-same-top"),
                minAccuracy: reader.percent("min-accuracy")
            )
            if gate.needsBase, options.against == nil {
                log.report("this gate compares with another model. Name its step with 'against'.", at: key)
            }
            if gate.minAccuracy != nil, options.tasks == nil {
                log.report("this gate asks for accuracy. Name the file of the tasks with 'tasks'.", at: key)
            }
            gates[type] = gate
        }
        return gates
    }

    private func fit(_ node: Node) -> StepAction? {
        let known = ["builds", "context", "kv-type", "devices"]
        guard let reader = SettingReader(node, "'fit'", known: known, log) else { return nil }
        var options = FitOptions(builds: reference("builds", in: reader, kinds: [.convert, .quantize]))
        if let context = reader.integer("context", in: 1...(1 << 24)) { options.context = context }
        if let type = reader.text("kv-type"), let place = reader.node("kv-type") {
            let known = ["f32", "f16", "bf16", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0"]
            if !known.contains(type.lowercased()) {
                let advice = Spelling.advice(for: type, among: known)
                log.report("'\(type)' is no type of a key-value cache. \(advice)", at: place)
            }
            options.kvType = type.lowercased()
        }
        let devices = reader.texts("devices") ?? []
        options.devices = devices.map(\.text)
        if !devices.isEmpty, let catalogue = try? Operations.catalogue() {
            for (id, place) in devices {
                do { _ = try catalogue.device(id) } catch { log.report("\(error)", at: place) }
            }
        }
        return .fit(options)
    }

    private func publish(_ node: Node) -> StepAction? {
        guard let reader = SettingReader(node, "'publish'", known: ["builds", "channel"], log) else { return nil }
        let builds = reference("builds", in: reader, kinds: [.convert, .quantize])
        return .publish(PublishOptions(builds: builds, channel: reader.text("channel")))
    }

    /// The id of an earlier step of one of `kinds`.
    private func reference(
        _ key: String,
        in reader: SettingReader,
        kinds: [StepKind],
        needsFile: Bool = true
    ) -> String {
        guard let id = reader.requiredText(key), let place = reader.node(key) else { return "" }
        let fitting = earlier.filter { kinds.contains($0.action.kind) }.map { $0.id }
        guard let step = earlier.first(where: { $0.id == id }) else {
            let advice = Spelling.advice(for: id, among: fitting)
            log.report("'\(key)' names the step '\(id)', which does not stand before this one. \(advice)", at: place)
            return id
        }
        if !kinds.contains(step.action.kind) {
            let wanted = kinds.map { "'\($0.rawValue)'" }.joined(separator: " or ")
            log.report("'\(key)' must name a step that does \(wanted); '\(id)' does not.", at: place)
        }
        if needsFile, case .convert(let options) = step.action, !options.keepsFile {
            log.report("'\(key)' needs the file of '\(id)', which is not kept. Leave out its 'keep: false'.", at: place)
        }
        return id
    }

    /// An earlier step that makes an importance matrix, or a file: ids hold neither dots nor slashes.
    private func matrix(_ key: String, in reader: SettingReader) -> MatrixReference? {
        guard let text = reader.text(key) else { return nil }
        if text.contains(".") || text.contains("/") { return .file(text) }
        return .step(reference(key, in: reader, kinds: [.imatrix]))
    }

    /// At least one type, each once.
    private func fileTypes(_ key: String, in reader: SettingReader) -> [FileType] {
        guard let place = reader.required(key), let names = reader.texts(key) else { return [] }
        if place.sequence?.isEmpty == true { log.report("'\(key)' must name at least one type.", at: place) }
        var types: [FileType] = []
        for (name, node) in names {
            guard let type = fileType(name, node) else { continue }
            if types.contains(type) { log.report("the type '\(type.tag)' stands twice. Name each once.", at: node) }
            types.append(type)
        }
        return types
    }

    private func fileType(_ name: String, _ node: Node) -> FileType? {
        if let type = FileType(name: name) { return type }
        let known = FileType.allCases.map { $0.tag }.sorted()
        log.report("'\(name)' is no quantization type. \(Spelling.advice(for: name, among: known))", at: node)
        return nil
    }

    private func tensorType(_ key: String, in reader: SettingReader) -> TensorType? {
        guard let name = reader.text(key), let node = reader.node(key) else { return nil }
        return tensorType(name, node)
    }

    private func tensorType(_ name: String, _ node: Node) -> TensorType? {
        if let type = TensorType(name: name), Quantizer.canEncode(type) { return type }
        let known = TensorType.allCases.filter(Quantizer.canEncode).map { $0.name.lowercased() }
        log.report("'\(name)' is no tensor type. \(Spelling.advice(for: name, among: known))", at: node)
        return nil
    }

    private func tensorTypes(_ node: Node) -> [TensorTypeRule] {
        guard let mapping = node.mapping else {
            log.report("'tensor-types' must be a mapping from regular expressions to types.", at: node)
            return []
        }
        return mapping.compactMap { key, value in
            let pattern = key.string ?? ""
            if (try? Regex(pattern)) == nil {
                log.report("'\(pattern)' is no regular expression. Check its brackets and escapes.", at: key)
            }
            guard let type = tensorType(value.string ?? "", value) else { return nil }
            return TensorTypeRule(pattern: pattern, type: type)
        }
    }

    /// The types of the builds that a step makes.
    static func buildTypes(of step: PipelineDefinition.Step) -> [String] {
        switch step.action {
        case .convert(let options): [options.type?.rawValue ?? "auto"]
        case .quantize(let options): options.types.map(\.tag)
        default: []
        }
    }
}
