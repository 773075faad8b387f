import BinaryIO
import DeviceFit
import Pipeline
import Quantization
import Settings
import SystemPackage
import Tensors
import Yams

/// The values of a quantization's settings, each read the same way from a pipeline file and from a command.
extension SettingReader {
    /// Reads at least one type, each once; none if a command copies.
    /// - Parameter recipes: the recipes whose names are types too.
    func buildTypes(_ recipes: [String: QuantizeSettings.Recipe], isForCommand: Bool) -> [BuildType] {
        guard let place = required("types"), let names = texts("types") else { return [] }
        if place.sequence?.isEmpty == true { report("'types' must name at least one type.", at: place) }
        if isForCommand, names.map({ $0.text.lowercased() }) == [QuantizeSettings.copy] { return [] }
        let known = (QuantizeSettings.types + (isForCommand ? [QuantizeSettings.copy] : [])) + recipes.keys.sorted()
        var types: [BuildType] = []
        for (name, node) in names {
            let small = name.lowercased()
            let isAutomatic = !isForCommand && recipes[name] == nil && AutoType.goal(small) != nil
            let own = isAutomatic ? small : recipes[name] == nil ? nil : name
            guard let type = FileType(name: name).map(BuildType.mix) ?? own.map(BuildType.recipe) else {
                let listed = isForCommand ? known : known.sorted()
                let advice = Spelling.advice(for: name, among: listed)
                report("'\(name)' is not a known quantization type. \(advice)", at: node)
                continue
            }
            if isAutomatic, case .device(let id, _, _)? = AutoType.goal(small),
                let catalogue = try? DeviceCatalogue.configured()
            {
                do { _ = try catalogue.device(id) } catch { report("\(error)", at: node) }
            }
            if types.contains(type) { report("the type '\(type.tag)' stands twice. Name each once.", at: node) }
            types.append(type)
        }
        for name in recipes.keys.sorted() where !types.contains(.recipe(name)) {
            guard let node = node("recipes") else { continue }
            report("no build is made by the recipe '\(name)'. Name it among the 'types'.", at: node)
        }
        return types
    }

    /// Reads a mapping from names to recipes.
    func recipes() -> [String: QuantizeSettings.Recipe] {
        guard let node = node("recipes") else { return [:] }
        guard let mapping = node.mapping else {
            report("'recipes' must be a mapping from names to a base and a file of tensors' types.", at: node)
            return [:]
        }
        var recipes: [String: QuantizeSettings.Recipe] = [:]
        for (key, value) in mapping {
            let name = key.string ?? ""
            if BuildType(name: name) != .recipe(name) {
                report(
                    "'\(name)' is not a valid recipe name. Take small letters, digits, '.', '-' and '_', and no name of a type.",
                    at: key
                )
            }
            guard let reader = inner(value, "a recipe", known: ["base", "tensors"]),
                let base = reader.requiredText("base"),
                let tensors = reader.requiredText("tensors"), let place = reader.node("base")
            else { continue }
            guard let type = FileType(name: base) else {
                let advice = Spelling.advice(for: base, among: QuantizeSettings.types.sorted())
                report("'\(base)' is not a known quantization type. \(advice)", at: place)
                continue
            }
            recipes[name] = QuantizeSettings.Recipe(base: type, tensors: tensors)
        }
        return recipes
    }

    func rounding(hasMatrix: Bool) -> Rounding {
        guard let name = text("rounding"), let node = node("rounding") else { return .reference }
        guard let rounding = Rounding(rawValue: name.lowercased()) else {
            let advice = Spelling.advice(for: name, among: Rounding.allCases.map(\.rawValue))
            report("'\(name)' is not a known rounding. \(advice)", at: node)
            return .reference
        }
        if rounding == .refined, !hasMatrix {
            report("'refined' weighs errors by an importance matrix. Give one with 'imatrix'.", at: node)
        }
        return rounding
    }

    func tensorType(_ key: String) -> TensorType? {
        guard let name = text(key), let node = node(key) else { return nil }
        return tensorType(name, node)
    }

    private func tensorType(_ name: String, _ node: Node) -> TensorType? {
        if let type = TensorType(name: name), Quantizer.canEncode(type) { return type }
        report(TensorTypeRule.complaint(aboutType: name), at: node)
        return nil
    }

    /// Reads a mapping from patterns to types, or a list of `REGEX=TYPE`.
    func tensorTypes() -> [TensorTypeRule] {
        guard let node = node("tensor-types") else { return [] }
        if node.mapping == nil, node.sequence != nil || node.scalar?.string.contains("=") == true {
            return (texts("tensor-types") ?? []).compactMap { text, node in
                do { return try TensorTypeRule(parsing: text) } catch { report("\(error)", at: node) }
                return nil
            }
        }
        guard let mapping = node.mapping else {
            report("'tensor-types' must be a mapping from regular expressions to types.", at: node)
            return []
        }
        return mapping.compactMap { key, value in
            let pattern = key.string ?? ""
            if (try? Regex(pattern)) == nil {
                report("'\(pattern)' is not a valid regular expression. Check its brackets and escapes.", at: key)
            }
            guard let type = tensorType(value.string ?? "", value) else { return nil }
            return TensorTypeRule(pattern: pattern, type: type)
        }
    }

    /// Reads layer numbers: a list, or texts with comma-separated numbers.
    func layers() -> Set<Int> {
        var layers: Set<Int> = []
        for (text, node) in texts("prune-layers") ?? [] {
            for word in text.split(separator: ",", omittingEmptySubsequences: false) {
                let number = word.trimmingPrefix { $0 == " " }
                guard let number = Int(number), number >= 0 else {
                    report(
                        "\(setting: "prune-layers") '\(text)' is not a list of layer numbers, such as 3,5,7.",
                        at: node
                    )
                    break
                }
                layers.insert(number)
            }
        }
        return layers
    }

    /// Reads the metadata that replaces the model's.
    func overrides() -> [MetadataOverride] {
        (texts("override-kv") ?? []).compactMap { text, node in
            if let override = MetadataOverride(text) { return override }
            report(
                "\(setting: "override-kv") '\(text)' is not KEY=TYPE:VALUE with the type int, float, bool or str, such as "
                    + "'llama.context_length=int:4096'. Keys and texts have at most 127 bytes; general.alignment stays.",
                at: node
            )
            return nil
        }
    }
}

extension TensorTypeRule {
    /// Reads `REGEX=TYPE`.
    /// - Throws: `StepsError.badRequest`.
    init(parsing rule: String) throws {
        guard let split = rule.lastIndex(of: "="), split != rule.startIndex else {
            throw StepsError.badRequest("The tensor type '\(rule)' is not REGEX=TYPE, such as 'ffn_down=q6_k'.")
        }
        let name = String(rule[rule.index(after: split)...])
        guard let type = TensorType(name: name), Quantizer.canEncode(type) else {
            throw StepsError.badRequest(Self.complaint(aboutType: name))
        }
        self.init(pattern: String(rule[..<split]), type: type)
    }

    fileprivate static func complaint(aboutType name: String) -> String {
        "'\(name)' is not a known tensor type. \(Spelling.advice(for: name, among: QuantizeSettings.tensorTypes))"
    }

    /// Reads the rules of a file, separated by spaces or newlines.
    /// - Throws: `FileError`; `StepsError.badFile` with the line of an invalid rule.
    static func rules(in file: FilePath) throws -> [TensorTypeRule] {
        guard let text = String(validating: try readFile(file, limit: 1 << 24), as: UTF8.self) else {
            throw StepsError.badFile("\(file): it is not valid UTF-8. Save it as UTF-8.")
        }
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        return try lines.enumerated().flatMap { number, line in
            try line.split(whereSeparator: \.isWhitespace).map { rule in
                do { return try TensorTypeRule(parsing: String(rule)) } catch {
                    throw StepsError.badFile("\(file):\(number + 1): \(error)")
                }
            }
        }
    }
}
