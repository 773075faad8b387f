import HTTPTypes

/// One kind of request: where it goes, what may stand in it, what answers it, and what the document of the interface says of it.
package struct Route: Sendable {
    /// In whose form errors are told, and what of the path is a name.
    package enum Family: Sendable {
        case api
        case oci
        case hub
        case page
    }

    /// What a caller must be allowed to.
    enum Right: Sendable {
        case nothing
        /// To read what no single model is asked for.
        case pullAny
        /// To read the model of the parameter `model`, or that of the path's name `build`, `model` or `name`.
        case pull
        case push
    }

    enum Piece: Sendable, Equatable {
        case word(String)
        case name(String)
        /// One component or more.
        case names(String)
    }

    package let method: HTTPRequest.Method
    /// As the document of the interface has it: `/api/v1/builds/{build}`.
    package let path: String
    package var family = Family.api
    var right = Right.pull
    /// What it does, in one line.
    let summary: String
    /// nil lets any through: clients of other programs send what they like.
    var parameters: [Parameter]? = []
    /// What a good answer holds; nil where it is no JSON.
    var schema: Schema?
    /// Whether the handler reads the request's body, or sees to it that nothing more is read.
    var takesBody = false
    let handler: @Sendable (Call, Services) async throws -> Answer

    /// - Parameter path: names stand in braces; one that ends with `...` takes several components.
    static func pieces(_ path: String) -> [Piece] {
        path.split(separator: "/").map { part in
            guard part.first == "{" else { return .word(String(part)) }
            let name = part.dropFirst().dropLast()
            return name.hasSuffix("...") ? .names(String(name.dropLast(3))) : .name(String(name))
        }
    }
}

/// All routes of a server. The first that fits a path and a method answers.
package struct RouteTable: Sendable {
    let routes: [Route]
    private let pieces: [[Route.Piece]]

    init(_ routes: [Route]) {
        self.routes = routes
        pieces = routes.map { Route.pieces($0.path) }
    }

    package enum Match: Sendable {
        case route(Route, names: [String: String])
        /// The path is known, for other methods.
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
