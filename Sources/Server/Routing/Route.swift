import HTTPTypes

/// A kind of request: its path, its parameters, its handler, and its entry in the interface document.
package struct Route: Sendable {
    /// The form of error messages, and which parts of the path are names.
    package enum Family: Sendable {
        case api
        case oci
        case hub
        case page
    }

    /// The permission that a request needs.
    enum Right: Sendable {
        case nothing
        /// Permission to read something that does not concern a single model.
        case pullAny
        /// Permission to read the model of the parameter `model`, or of the path's name `build`, `model` or `name`.
        case pull
        case push
    }

    enum Piece: Sendable, Equatable {
        case word(String)
        case name(String)
        /// One or more components.
        case names(String)
    }

    package let method: HTTPRequest.Method
    /// The path in the interface document: `/api/v1/builds/{build}`.
    package let path: String
    package var family = Family.api
    var right = Right.pull
    /// The purpose of the request, in one line.
    let summary: String
    /// The parameters; nil accepts any, because clients of other programs send their own.
    var parameters: [Parameter]? = []
    /// The contents of a successful answer; nil if it is not JSON.
    var schema: Schema?
    /// Whether the handler reads the request's body, or makes sure that no more of it is read.
    var takesBody = false
    let handler: @Sendable (Call, Services) async throws -> Answer

    /// - Parameter path: names are in braces; a name that ends with `...` matches several components.
    static func pieces(_ path: String) -> [Piece] {
        path.split(separator: "/").map { part in
            guard part.first == "{" else { return .word(String(part)) }
            let name = part.dropFirst().dropLast()
            return name.hasSuffix("...") ? .names(String(name.dropLast(3))) : .name(String(name))
        }
    }
}

/// All routes of a server. The first route that matches a path and a method answers.
package struct RouteTable: Sendable {
    let routes: [Route]
    private let pieces: [[Route.Piece]]

    init(_ routes: [Route]) {
        self.routes = routes
        pieces = routes.map { Route.pieces($0.path) }
    }

    package enum Match: Sendable {
        case route(Route, names: [String: String])
        /// The path exists, but not for this method.
        case method(Route.Family, allowed: [HTTPRequest.Method])
        case none
    }

    package func match(_ method: HTTPRequest.Method, _ path: RequestPath) -> Match {
        var allowed: [HTTPRequest.Method] = []
        var family: Route.Family?
        for (route, pieces) in zip(routes, pieces) {
            guard let names = Self.names(pieces, path.components) else { continue }
            if route.method == method || (route.method == .get && method == .head) {
                return .route(route, names: names)
            }
            family = family ?? route.family
            if !allowed.contains(route.method) { allowed += route.method == .get ? [.get, .head] : [route.method] }
        }
        return family.map { .method($0, allowed: allowed) } ?? .none
    }

    private static func names(_ pieces: [Route.Piece], _ components: [String]) -> [String: String]? {
        var names: [String: String] = [:]
        var index = 0
        for (number, piece) in pieces.enumerated() {
            let left = pieces.count - number - 1
            switch piece {
            case .word(let word):
                guard index < components.count, components[index] == word else { return nil }
                index += 1
            case .name(let name):
                guard index < components.count else { return nil }
                names[name] = components[index]
                index += 1
            case .names(let name):
                let count = components.count - index - left
                guard count > 0 else { return nil }
                names[name] = components[index..<(index + count)].joined(separator: "/")
                index += count
            }
        }
        return index == components.count ? names : nil
    }
}
