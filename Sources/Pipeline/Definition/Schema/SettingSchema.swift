import Settings

/// The JSON Schema of a setting's values.
enum SettingSchema {
    /// A scalar of any kind.
    static var scalar: [String: Any] { ["type": ["string", "number", "boolean", "null"]] }
    /// A text that is not empty; numbers and truth values count as they are written.
    static var text: [String: Any] { ["type": ["string", "number", "boolean"], "minLength": 1] }
    /// A text, or null for an omitted one.
    static var optionalText: [String: Any] { ["type": ["string", "number", "boolean", "null"], "minLength": 1] }

    private static var expression: [String: Any] { ["$ref": "#/definitions/expression"] }

    /// A mapping with these keys and no others.
    static func object(_ properties: [String: Any], required: [String]) -> [String: Any] {
        var schema: [String: Any] = ["type": "object", "properties": properties, "additionalProperties": false]
        if !required.isEmpty { schema["required"] = required }
        return schema
    }

    static func orExpression(_ schema: [String: Any]) -> [String: Any] { ["anyOf": [schema, expression]] }

    /// - Parameter isOptional: whether null counts as omitted.
    static func schema(of kind: SettingKind, isOptional: Bool) -> [String: Any] {
        let alternatives = alternatives(kind) + (isOptional ? [["type": "null"]] : [])
        return alternatives.count == 1 ? alternatives[0] : ["anyOf": alternatives]
    }

    private static func alternatives(_ kind: SettingKind) -> [[String: Any]] {
        switch kind {
        case .text, .path, .step, .stepOrPath: [text]
        case .flag: [["type": "boolean"], expression]
        case .integer(let range):
            [["type": "integer", "minimum": range.lowerBound, "maximum": range.upperBound], expression]
        case .number: [["type": "number", "minimum": 0], expression]
        case .percent: [["type": "string", "pattern": "^\\+?(\\.[0-9]+|[0-9]+(\\.[0-9]*)?)%$"], expression]
        // Editors offer the names as they are listed; other capitalization is also valid.
        case .choice(let names): [["enum": names], ["type": "string", "pattern": anyCase(names)], expression]
        case .pattern(let pattern, let example):
            [["type": "string", "pattern": pattern, "examples": [example]], expression]
        case .steps: alternatives(.list(.text))
        case .list(let kind): alternatives(kind) + [["type": "array", "items": schema(of: kind, isOptional: false)]]
        case .strict(let kind, _): alternatives(kind) + alternatives(.list(.text))
        case .any(let kinds): kinds.flatMap(alternatives)
        case .each(let kind): [["type": "object", "additionalProperties": schema(of: kind, isOptional: false)]]
        case .mapping(let fields):
            [
                object(
                    Dictionary(
                        uniqueKeysWithValues: fields.map { ($0.key, schema(of: $0.kind, isOptional: !$0.isRequired)) }
                    ),
                    required: fields.filter(\.isRequired).map(\.key)
                )
            ]
        }
    }

    /// Returns a pattern for the names in any case, because regular expressions in schemas have no flag for that.
    private static func anyCase(_ names: [String]) -> String {
        let words = names.map { name in
            name.map { character in
                if character.isLetter { return "[\(character.lowercased())\(character.uppercased())]" }
                return character.isNumber || "_-".contains(character) ? "\(character)" : "\\\(character)"
            }.joined()
        }
        return "^(\(words.joined(separator: "|")))$"
    }
}
