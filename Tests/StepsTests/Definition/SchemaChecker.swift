import Foundation

/// As much of JSON Schema, draft-07, as the schemas of this project use; an unknown word is a failure of its own.
struct SchemaChecker {
    private let root: [String: Any]

    private static let annotations: Set = [
        "$schema", "title", "description", "examples", "definitions", "then", "else",
    ]

    init(_ json: String) throws {
        root = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any] ?? [:]
    }

    var definitions: [String: Any] { root["definitions"] as? [String: Any] ?? [:] }

    /// What is wrong with a value, as `path: word`.
    func problems(_ value: Any) -> [String] { problems(value, root, "") }

    private func problems(_ value: Any, _ schema: [String: Any], _ path: String) -> [String] {
        schema.keys.sorted().flatMap { word -> [String] in
            guard let rule = schema[word], !Self.annotations.contains(word) else { return [] }
            return problems(value, word, rule, schema, path)
        }
    }

    private func isRight(_ value: Any, _ schema: Any, _ path: String) -> Bool {
        (schema as? [String: Any]).map { problems(value, $0, path).isEmpty } ?? false
    }

    private func problems(_ value: Any, _ word: String, _ rule: Any, _ schema: [String: Any], _ path: String)
        -> [String]
    {
        func require(_ isRight: Bool) -> [String] { isRight ? [] : ["\(path): \(word)"] }
        let rules = rule as? [Any] ?? []
        let object = value as? [String: Any]
        switch word {
        case "$ref":
            let name = (rule as? String)?.replacing("#/definitions/", with: "") ?? ""
            return problems(value, definitions[name] as? [String: Any] ?? ["unknown": name], path)
        case "type":
            let types = (rule as? [String]) ?? [rule as? String ?? ""]
            return require(types.contains { Self.isOf($0, value) })
        case "enum": return require(rules.contains { $0 as? String == value as? String })
        case "pattern":
            guard let text = value as? String, let pattern = rule as? String else { return [] }
            return require((try? Regex(pattern))?.firstMatchRange(in: text) != nil)
        case "minLength": return require((value as? String).map { $0.count >= rule as? Int ?? 0 } ?? true)
        case "minItems": return require((value as? [Any]).map { $0.count >= rule as? Int ?? 0 } ?? true)
        case "minProperties": return require(object.map { $0.count >= rule as? Int ?? 0 } ?? true)
        case "minimum": return require(Self.number(value).map { $0 >= Self.number(rule) ?? 0 } ?? true)
        case "maximum": return require(Self.number(value).map { $0 <= Self.number(rule) ?? 0 } ?? true)
        case "required":
            return (rule as? [String] ?? []).filter { object != nil && object?[$0] == nil }.map {
                "\(path): needs \($0)"
            }
        case "propertyNames":
            return (object ?? [:]).keys.flatMap { problems($0, rule as? [String: Any] ?? [:], "\(path)/\($0)") }
        case "properties":
            let known = rule as? [String: [String: Any]] ?? [:]
            return known.keys.sorted().flatMap { key in
                object?[key].map { problems($0, known[key] ?? [:], "\(path)/\(key)") } ?? []
            }
        case "additionalProperties":
            let known = schema["properties"] as? [String: Any] ?? [:]
            return (object ?? [:]).filter { known[$0.key] == nil }.sorted { $0.key < $1.key }.flatMap { key, value in
                (rule as? [String: Any]).map { problems(value, $0, "\(path)/\(key)") } ?? ["\(path): no \(key)"]
            }
        case "items":
            return (value as? [Any] ?? []).enumerated().flatMap { index, item in
                problems(item, rule as? [String: Any] ?? [:], "\(path)/\(index)")
            }
        case "allOf": return rules.flatMap { problems(value, $0 as? [String: Any] ?? [:], path) }
        case "anyOf": return require(rules.contains { isRight(value, $0, path) })
        case "oneOf": return require(rules.filter { isRight(value, $0, path) }.count == 1)
        case "not": return require(!isRight(value, rule, path))
        case "if":
            let branch = isRight(value, rule, path) ? "then" : "else"
            return problems(value, schema[branch] as? [String: Any] ?? [:], path)
        default: return ["\(path): the schema has the unknown word \(word)"]
        }
    }

    private static func number(_ value: Any) -> Double? {
        value is Bool || value is String
            ? nil : (value as? Int).map(Double.init) ?? value as? Double ?? (value as? NSNumber)?.doubleValue
    }

    private static func isOf(_ type: String, _ value: Any) -> Bool {
        switch type {
        case "object": value is [String: Any]
        case "array": value is [Any]
        case "string": value is String
        case "boolean": value is Bool
        case "null": value is NSNull
        case "integer": number(value).map { $0 == $0.rounded() } ?? false
        case "number": number(value) != nil
        default: false
        }
    }
}

extension Regex {
    /// Where a text matches, if it does.
    fileprivate func firstMatchRange(in text: String) -> Range<String.Index>? { text.firstMatch(of: self)?.range }
}
