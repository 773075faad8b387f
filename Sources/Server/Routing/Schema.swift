/// The contents of a JSON document that clients may rely on.
package indirect enum Schema: Sendable {
    case string
    case integer
    case number
    case boolean
    /// Anything.
    case any
    /// The value, or null.
    case orNull(Schema)
    case array(Schema)
    /// An object with the members that are always present; there may be others.
    case object([String: Schema])
    /// An object with arbitrary member names.
    case map(Schema)
    /// One of `Schemas.all`.
    case named(String)

    /// The schema in OpenAPI 3.1.
    var json: [String: Any] {
        switch self {
        case .string: ["type": "string"]
        case .integer: ["type": "integer"]
        case .number: ["type": "number"]
        case .boolean: ["type": "boolean"]
        case .any: [:]
        case .orNull(let schema): ["anyOf": [schema.json, ["type": "null"]]]
        case .array(let schema): ["type": "array", "items": schema.json]
        case .object(let members):
            [
                "type": "object", "required": members.keys.sorted(),
                "properties": members.mapValues(\.json) as [String: Any],
            ]
        case .map(let schema): ["type": "object", "additionalProperties": schema.json]
        case .named(let name): ["$ref": "#/components/schemas/\(name)"]
        }
    }
}

/// The schemas that several answers share.
package enum Schemas {
    static let error = Schema.object(["error": .object(["code": .string, "message": .string])])

    private static let record = Schema.object([
        "name": .string, "digest": .string, "fileBytes": .integer, "storedBytes": .integer, "encoding": .string,
        "facts": .object(["quantType": .string, "bitsPerWeight": .number, "sourceURI": .string, "license": .string]),
        "toolVersion": .string, "createdAt": .string,
    ])

    private static let summary = Schema.object([
        "build": .string, "model": .string, "version": .string, "type": .string, "sha256": .string,
        "fileBytes": .integer, "bitsPerWeight": .number, "license": .string, "peakMemoryBytes": .orNull(.integer),
        "bitsPerByte": .orNull(.number), "perplexity": .orNull(.number), "kld": .orNull(.number),
        "decodeTokensPerSecond": .orNull(.number), "prefillTokensPerSecond": .orNull(.number),
        "batteryPercentPer1kTokens": .orNull(.number), "sustainedFactor": .orNull(.number),
        "estimate": .orNull(.named("Estimate")), "textSha256": .orNull(.string), "note": .orNull(.string),
        "kind": .orNull(.string), "meanCosine": .orNull(.number), "top10OverlapPercent": .orNull(.number),
    ])

    private static let estimate = Schema.object([
        "target": .string, "platform": .string, "context": .integer, "kvType": .string, "verdict": .string,
        "reason": .string, "limitBytes": .integer, "memory": .any, "prefill": .any, "sustainedFactor": .any,
    ])

    package static let all: [String: Schema] = [
        "Error": error,
        "Build": record,
        "BuildDetails": .object([
            "build": .named("Build"), "measurements": .array(.any), "fits": .array(.any), "lineage": .array(.any),
        ]),
        "Summary": summary,
        "Estimate": estimate,
        "Answer": .object([
            "best": .orNull(.named("Summary")), "alternatives": .array(.named("Summary")),
            "refused": .array(.object(["build": .string, "reasons": .array(.string)])),
        ]),
        "Version": .object([
            "model": .string, "version": .string, "types": .array(.string), "channels": .array(.string),
            "createdAt": .string,
        ]),
        "Device": .object(["id": .string, "name": .string, "platform": .string, "year": .integer, "ramGiB": .number]),
    ]
}
