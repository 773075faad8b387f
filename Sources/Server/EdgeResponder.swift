import BinaryIO
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// The context of a request.
struct EdgeContext: InitializableFromSource, Sendable {
    let channel: any Channel

    init(source: ApplicationRequestContextSource) { channel = source.channel }
}

/// Finds the route of a request, validates the request against it, and sends the result in the form that the client
/// expects.
struct EdgeResponder: HTTPResponder {
    typealias Context = EdgeContext

    let table: RouteTable
    let services: Services
    let settings: ServerSettings

    func respond(to request: Request, context: EdgeContext) async throws -> Response {
        let target = request.head.path ?? "/"
        let halves = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let path = String(halves.first ?? "/")
        var family = Self.family(of: path, request.headers)
        var takesBody = false
        var answer: Answer
        do {
            let parsed = try RequestPath(path)
            switch table.match(request.method, parsed) {
            case .route(let route, let names):
                family = route.family
                let query = halves.count > 1 ? String(halves[1]) : nil
                let call = try call(
                    request,
                    path,
                    parsed,
                    route.family,
                    names,
                    ParameterValues(query, among: route.parameters)
                )
                try authorize(route, call)
                answer = try await route.handler(call, services)
                takesBody = route.takesBody
            case .method(let found, let allowed):
                family = found
                var error = ServerError(
                    .methodNotAllowed,
                    "methodNotAllowed",
                    "\(request.method.rawValue) is not answered here.",
                    oci: "UNSUPPORTED"
                )
                error.headers = [(.allow, allowed.map(\.rawValue).joined(separator: ", "))]
                throw error
            case .none:
                throw ServerError.notFound(
                    "there is nothing under this path.",
                    oci: "NAME_UNKNOWN",
                    hub: "EntryNotFound"
                )
            }
        } catch {
            answer = refusal(error, family, request, path)
        }
        return response(answer, request, context, isEnd: request.hasBody && !takesBody)
    }

    /// The form of error messages for a path without a route.
    private static func family(of path: String, _ fields: HTTPFields) -> Route.Family {
        if path == "/v2" || path.hasPrefix("/v2/") { return .oci }
        if path.hasPrefix("/api/models/") || path.contains("/resolve/") { return .hub }
        // Only browsers ask for pages.
        return fields[.accept]?.contains("text/html") == true && !path.hasPrefix("/api/") ? .page : .api
    }

    private func call(
        _ request: Request,
        _ path: String,
        _ parsed: RequestPath,
        _ family: Route.Family,
        _ names: [String: String],
        _ values: ParameterValues
    ) throws -> Call {
        var caller: Caller
        do { caller = try services.access.caller(request.headers) } catch
            where family == .hub && !services.access.isPrivate
        {
            // The Hub's clients send their user's token to any server that replaces the Hub.
            caller = .anyone
        }
        if case .anyone = caller, services.access.accepts(values, for: path) { caller = .guest }
        let host = request.head.authority ?? "\(settings.host):\(settings.port)"
        return Call(
            names: names,
            values: values,
            headers: request.headers,
            body: request.body,
            isHead: request.method == .head,
            path: path,
            decodedPath: "/" + parsed.components.joined(separator: "/"),
            origin: "\(scheme(request))://\(host)",
            caller: caller
        )
    }

    /// The scheme of the addresses that the client uses.
    private func scheme(_ request: Request) -> String {
        let isSecure =
            switch settings.transport {
            case .plain: false
            case .tls: true
            case .behindProxy: request.headers[.xForwardedProto]?.lowercased() == "https"
            }
        return isSecure ? "https" : "http"
    }

    private func authorize(_ route: Route, _ call: Call) throws {
        switch route.right {
        case .nothing: return
        case .pullAny: try services.access.require(.pull, of: nil, call.caller)
        case .pull: try services.access.require(.pull, of: Self.model(call), call.caller)
        case .push: try services.access.require(.push, of: Self.model(call), call.caller)
        }
    }

    /// The model that a request names, under any parameter; nil if the request may concern any model.
    private static func model(_ call: Call) -> String? {
        if let repository = call.names["name"] { return repository.split(separator: "/").last.map(String.init) }
        if let model = call.names["model"] { return model }
        let builds = call.names["build"].map { [$0] } ?? call.values.list("build")
        let models = Set(builds.map { String($0.prefix { $0 != "@" && $0 != ":" }) })
        if models.count == 1 { return models.first }
        return models.isEmpty ? call.values.text("model") : nil
    }

    // MARK: Answers

    private func refusal(_ error: any Error, _ family: Route.Family, _ request: Request, _ path: String) -> Answer {
        let (told, isLogged) = ServerError.telling(error)
        if isLogged { services.report("\(request.method.rawValue) \(path.visible): \(error)") }
        var answer: Answer
        switch family {
        case .oci:
            let code = told.ociCode ?? (told.status == .notFound ? "NAME_UNKNOWN" : "UNSUPPORTED")
            answer = json(["errors": [["code": code, "message": told.message]]])
        case .hub:
            answer = json(["error": told.message])
            if let code = told.hubCode { answer.headers[.xErrorCode] = code }
            answer.headers[.xErrorMessage] = told.message.asciiLine
        case .api: answer = json(["error": ["code": told.code, "message": told.message]])
        case .page: answer = PageRoutes.problem(told, request.headers)
        }
        answer.status = told.status
        for (name, value) in told.headers { answer.headers[name] = value }
        if told.status == .unauthorized {
            answer.headers[.wwwAuthenticate] = challenge(family, request, path)
        }
        answer.headers[.cacheControl] = "no-store"
        return answer
    }

    private func challenge(_ family: Route.Family, _ request: Request, _ path: String) -> String {
        // A browser asks its user for a password, where the user enters the token.
        if family == .page { return "Basic realm=\"edgepipe\", charset=\"UTF-8\"" }
        guard family == .oci, let host = request.head.authority else { return "Bearer realm=\"edgepipe\"" }
        var challenge = "Bearer realm=\"\(scheme(request))://\(host)/v2/token\",service=\"edgepipe\""
        if let match = path.wholeMatch(of: /\/v2\/([a-z0-9._\/\-]+?)\/(?:manifests|blobs|tags|referrers)\/.*/) {
            let action = [.get, .head].contains(request.method) ? "pull" : "pull,push"
            challenge += ",scope=\"repository:\(match.1):\(action)\""
        }
        return challenge
    }

    private func json(_ value: Any) -> Answer {
        let options: JSONSerialization.WritingOptions = [.sortedKeys, .withoutEscapingSlashes]
        let data = (try? JSONSerialization.data(withJSONObject: value, options: options)) ?? Data("{}".utf8)
        return Answer(bytes: Array(data) + [UInt8(ascii: "\n")], as: APIRoutes.json)
    }

    /// - Parameter isEnd: whether to close the connection after this answer, because the body is not read.
    private func response(_ answer: Answer, _ request: Request, _ context: EdgeContext, isEnd: Bool) -> Response {
        var headers = answer.headers
        // Other sites may not embed these pages, and browsers may not guess content types.
        headers[.xContentTypeOptions] = "nosniff"
        if isEnd { headers[.connection] = "close" }
        let isHead = request.method == .head
        var body: ResponseBody
        switch answer.body {
        case .nothing(let length):
            if answer.status != .notModified { headers[.contentLength] = "\(length)" }
            body = ResponseBody()
        case .bytes(let bytes):
            headers[.contentLength] = "\(bytes.count)"
            body = isHead ? ResponseBody() : ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
        case .stream(let stream):
            headers[.contentLength] = "\(stream.range.count)"
            body = isHead ? ResponseBody() : sending(stream)
        }
        if isEnd {
            let (whole, channel) = (body, context.channel)
            body = ResponseBody(contentLength: nil) { writer in
                try await whole.write(writer)
                channel.triggerUserOutboundEvent(ConnectionGuard.Finish(), promise: nil)
            }
        }
        var response = Response(status: answer.status, headers: headers, body: body)
        if answer.status == .notModified || answer.status == .noContent { response.headers[.contentLength] = nil }
        return response
    }

    private func sending(_ stream: BlobStream) -> ResponseBody {
        let report = services.report
        return ResponseBody(contentLength: stream.range.count) { writer in
            do {
                try await stream.send(&writer)
            } catch {
                // The length was already sent, so closing the connection is the only way to report the error.
                let (_, isLogged) = ServerError.telling(error)
                if isLogged, !(error is ChannelError), !(error is CancellationError) {
                    report("sha256:\(stream.blob.digest.short): \(error)")
                }
                throw error
            }
        }
    }
}

extension Request {
    /// Whether a body follows the head.
    var hasBody: Bool {
        if headers[.transferEncoding] != nil { return true }
        return headers[.contentLength].map { $0 != "0" } ?? false
    }
}

extension String {
    /// The text as a header field may contain it.
    var asciiLine: String {
        String(String.UnicodeScalarView(unicodeScalars.map { (0x20...0x7e).contains($0.value) ? $0 : "?" }))
    }
}
