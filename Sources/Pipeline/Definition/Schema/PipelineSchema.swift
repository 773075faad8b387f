import Foundation
import Settings

/// The JSON Schema of pipeline files, draft-07, for editors, generated from the tables that files are read by.
///
/// It includes every setting and its valid values. Conditions between several places, such as whether a referenced step
/// exists, are only checked by `validate`.
package struct PipelineSchema {
    /// The described kind of file.
    package enum Subject: Sendable {
        case pipeline
        /// An imported file: variables and steps.
        case imported
    }

    private let kinds: [any StepSettings.Type]

    package init(kinds: [any StepSettings.Type]) { self.kinds = kinds }

    /// The schema as JSON, with a line end.
    package func json(of subject: Subject) -> String {
        let options: JSONSerialization.WritingOptions = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        guard let data = try? JSONSerialization.data(withJSONObject: document(subject), options: options) else {
            preconditionFailure("texts, numbers and lists make a document")
        }
        return String(decoding: data, as: UTF8.self) + "\n"
    }

    private func document(_ subject: Subject) -> [String: Any] {
        var schema = subject == .pipeline ? pipeline : imported
        schema["$schema"] = "http://json-schema.org/draft-07/schema#"
        schema["definitions"] = [
            "expression": [
                "type": "string", "pattern": "\\$\\{\\{.*\\}\\}",
                "description": "An expression such as ${{ vars.NAME }}; write it in quotes inside [ ] and { }.",
            ] as [String: Any],
            "step": step,
            "model": Self.model,
        ]
        return schema
    }

    private var pipeline: [String: Any] {
        var properties: [String: Any] = [
            "pipeline": Self.described(
                SettingSchema.orExpression(["type": ["string", "number"], "pattern": "^[a-z0-9][a-z0-9._-]*$"]),
                "What is built: builds are called phi3@1.0.0:q4_k_m."
            ),
            "version": Self.described(
                SettingSchema.orExpression(["type": "string", "pattern": "^[0-9]+\\.[0-9]+\\.[0-9]+$"]),
                "Three numbers. Published versions never change: raise it to publish something else."
            ),
            "model": ["$ref": "#/definitions/model"],
            "models": Self.described(
                [
                    "type": "object", "minProperties": 1, "propertyNames": Self.name,
                    "additionalProperties": ["$ref": "#/definitions/model"],
                ],
                "Several models by name, in the place of 'model': a pipeline for each."
            ),
        ]
        properties.merge(shared) { first, _ in first }
        var schema = SettingSchema.object(properties, required: ["pipeline", "version"])
        schema["title"] = "A pipeline of edgepipe"
        schema["allOf"] = [
            ["oneOf": [["required": ["model"]], ["required": ["models"]]]],
            ["anyOf": [["required": ["steps"]], ["required": ["import"]]]],
        ]
        return schema
    }

    private var imported: [String: Any] {
        var schema = SettingSchema.object(shared, required: [])
        schema["title"] = "A file that pipelines of edgepipe import"
        return schema
    }

    /// The definitions that pipelines and imported files share.
    private var shared: [String: Any] {
        [
            "vars": Self.described(
                ["type": "object", "propertyNames": Self.name, "additionalProperties": SettingSchema.scalar],
                "Values by name, for ${{ vars.NAME }}."
            ),
            "import": Self.described(
                Self.imports,
                "Files with variables and steps; the steps come before those of this file."
            ),
            "steps": Self.described(
                [
                    "type": "array", "minItems": 1,
                    "items": [
                        "if": ["required": ["import"]],
                        "then": SettingSchema.object(["import": Self.imports], required: ["import"]),
                        "else": ["$ref": "#/definitions/step"],
                    ] as [String: Any],
                ],
                "What is done, in this order."
            ),
        ]
    }

    private var step: [String: Any] {
        var properties: [String: Any] = [
            "id": Self.described(
                SettingSchema.orExpression(["type": ["string", "number"], "pattern": "^[A-Za-z0-9_-]+$"]),
                "A name for other steps to refer to."
            ),
            "matrix": Self.matrix,
        ]
        for kind in kinds { properties[kind.kind] = settings(of: kind) }
        var schema = SettingSchema.object(properties, required: ["id"])
        schema["oneOf"] = kinds.map { ["required": [$0.kind]] }
        return schema
    }

    private func settings(of kind: any StepSettings.Type) -> [String: Any] {
        var properties: [String: Any] = [:]
        var conditions: [Any] = []
        for setting in kind.settings {
            var schema = SettingSchema.schema(of: setting.takes, isOptional: !setting.isRequired)
            let standard = setting.standard.map { " (default: \($0))" } ?? ""
            schema["description"] = setting.meaning + standard
            properties[setting.key] = schema
            if case .strict(let strict, let other) = setting.takes {
                let strict = SettingSchema.schema(of: strict, isOptional: !setting.isRequired)
                conditions.append(["if": ["not": ["required": [other]]], "then": ["properties": [setting.key: strict]]])
            }
        }
        var schema = SettingSchema.object(properties, required: kind.settings.filter(\.isRequired).map(\.key))
        if !conditions.isEmpty { schema["allOf"] = conditions }
        return schema
    }

    private static var name: [String: Any] { ["pattern": "^[A-Za-z0-9_-]+$"] }

    private static var imports: [String: Any] {
        let path: [String: Any] = ["type": "string", "minLength": 1]
        return ["anyOf": [path, ["type": "array", "items": path] as [String: Any]]]
    }

    private static var matrix: [String: Any] {
        let entries: [String: Any] = [
            "type": "array",
            "items": ["type": "object", "additionalProperties": SettingSchema.scalar] as [String: Any],
        ]
        let schema: [String: Any] = [
            "type": ["object", "null"],
            "propertyNames": name,
            "properties": [
                "include": described(entries, "Combinations beside those of the lists."),
                "exclude": described(entries, "Values of combinations that are left out."),
            ],
            "additionalProperties": ["type": "array", "minItems": 1, "items": SettingSchema.scalar] as [String: Any],
        ]
        return described(schema, "Lists of values by name: the step stands for one step for each combination.")
    }

    private static var model: [String: Any] {
        let adapter = SettingSchema.object(
            ["folder": SettingSchema.text, "scale": SettingSchema.orExpression(["type": "number"])],
            required: ["folder"]
        )
        let adapters: [String: Any] = ["anyOf": [SettingSchema.text, adapter]]
        return SettingSchema.object(
            [
                "name": described(SettingSchema.text, "Of several models: what the builds are called."),
                "source": described(SettingSchema.text, "A folder, a GGUF file, or hf://owner/name[@revision]."),
                "license": described(
                    SettingSchema.optionalText,
                    "An SPDX identifier, or the name that the source gives (default: unknown)."
                ),
                "tags": described(
                    [
                        "anyOf": [
                            SettingSchema.optionalText,
                            ["type": "array", "items": SettingSchema.text] as [String: Any],
                        ]
                    ],
                    "What the model is for; queries ask for them."
                ),
                "lora": described(
                    [
                        "anyOf": [
                            SettingSchema.optionalText, adapter, ["type": "array", "items": adapters] as [String: Any],
                        ]
                    ],
                    "Adapters that are merged into the model."
                ),
            ],
            required: ["source"]
        )
    }

    private static func described(_ schema: [String: Any], _ words: String) -> [String: Any] {
        schema.merging(["description": words]) { $1 }
    }
}
