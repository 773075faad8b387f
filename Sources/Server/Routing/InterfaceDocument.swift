import Foundation
import HTTPTypes
import Registry

/// The OpenAPI 3.1 description of the interface, generated from the table of routes.
package enum InterfaceDocument {
    static let version = "3.1.0"

    package static func bytes(_ routes: [Route]) -> [UInt8] {
        var paths: [String: [String: Any]] = [:]
        for route in routes where route.family == .api {
            paths[path(route), default: [:]][route.method.rawValue.lowercased()] = operation(route)
        }
        let document: [String: Any] = [
            "openapi": version,
            "info": [
                "title": "edgepipe", "version": Edgepipe.version,
                "description": "What a registry of language models for phones answers.",
            ],
            "paths": paths,
            "components": ["schemas": Schemas.all.mapValues(\.json)],
        ]
        let options: JSONSerialization.WritingOptions = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        guard let data = try? JSONSerialization.data(withJSONObject: document, options: options) else {
            preconditionFailure("texts, numbers and lists make a document")
        }
        return Array(data) + [UInt8(ascii: "\n")]
    }

    package static func path(_ route: Route) -> String { route.path.replacing("...}", with: "}") }

    private static func operation(_ route: Route) -> [String: Any] {
        let names = Route.pieces(route.path).compactMap { piece -> [String: Any]? in
            switch piece {
            case .word: return nil
            case .name(let name), .names(let name):
                return ["name": name, "in": "path", "required": true, "schema": ["type": "string", "minLength": 1]]
            }
        }
        var content: [String: Any] = ["description": route.summary]
        if let schema = route.schema { content["content"] = ["application/json": ["schema": schema.json]] }
        if route.schema == nil, route.path.hasSuffix("/compare") {
            content["content"] = ["text/markdown": ["schema": ["type": "string"]]]
        }
        let failure: [String: Any] = [
            "description": "Why not, in words that end with what to do.",
            "content": ["application/json": ["schema": ["$ref": "#/components/schemas/Error"]]],
        ]
        let isSent = route.method == .put
        var operation: [String: Any] = [
            "summary": route.summary,
            "operationId": operationID(route),
            "parameters": names + (route.parameters ?? []).map(parameter),
            "responses": [isSent ? "201" : "200": content, "default": failure],
        ]
        if isSent {
            let bytes = ["application/octet-stream": ["schema": [String: Any]()]]
            operation["requestBody"] = ["required": true, "content": bytes]
        }
        return operation
    }

    private static func operationID(_ route: Route) -> String {
        let method = route.method == .get ? [] : [route.method.rawValue.lowercased()]
        let words = method + route.path.split { !$0.isLetter && !$0.isNumber }.map(String.init)
        return words.first.map { first in
            ([first] + words.dropFirst().map { $0.prefix(1).uppercased() + $0.dropFirst() }).joined()
        } ?? "root"
    }

    private static func parameter(_ parameter: Parameter) -> [String: Any] {
        var schema: [String: Any] =
            switch parameter.form {
            case .text: ["type": "string", "minLength": 1]
            case .integer(let range): ["type": "integer", "minimum": range.lowerBound, "maximum": range.upperBound]
            case .number: ["type": "number", "minimum": 0]
            case .flag: ["type": "boolean"]
            case .choice(let choices): ["type": "string", "enum": choices]
            }
        if parameter.isList { schema = ["type": "array", "items": schema] }
        var described: [String: Any] = [
            "name": parameter.name, "in": "query", "required": parameter.isRequired, "description": parameter.help,
            "schema": schema,
        ]
        if let example = parameter.example { described["example"] = parameter.isList ? [example] : example }
        return described
    }
}
