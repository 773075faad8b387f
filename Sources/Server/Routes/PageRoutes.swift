import Briefs
import HTTPTypes
import Registry
import Site

/// What people are shown: the pages of the site.
enum PageRoutes {
    static let all: [Route] = [
        route("/", "The models, newest first.", right: .pullAny),
        route("/pages/{number}", "More models.", right: .pullAny),
        route("/models/{model}", "Versions, channels and builds of a model."),
        route("/models/{model}/{version}", "Everything known of one version."),
        route("/builds/{model}/{version}/{type}", "One build."), route("/query", "The form, and its answer."),
    ]

    private static func route(_ path: String, _ summary: String, right: Route.Right = .pull) -> Route {
        Route(method: .get, path: path, family: .page, right: right, summary: summary, parameters: nil) {
            call,
            services in
            guard let request = SiteRequest(path: call.decodedPath, parameters: call.values.pairs) else {
                throw ServerError.notFound("there is no such page.")
            }
            let wanted = call.headers.prefersRussian ? Language.russian : .english
            let language = call.values.text("lang").flatMap { Language(rawValue: $0) } ?? wanted
            let links = SiteLinks.server(origin: call.origin, namesLanguage: wanted != .english) { build in
                "/v2/\(build.name.model)/blobs/sha256:\(build.digest)"
            }
            let page = try await services.asking { session in
                try SitePages(session: session, links: links, language: language).page(request)
            }
            let kept = AnswerCache.Kept(Array(page.html.utf8))
            var answer = Answer.tagged(kept.bytes, as: "text/html; charset=utf-8", etag: kept.etag, call)
            switch page.outcome {
            case .found: break
            case .notFound: answer.status = .notFound
            case .badRequest: answer.status = .badRequest
            }
            answer.headers[.contentSecurityPolicy] = page.contentSecurityPolicy
            answer.headers[.contentLanguage] = page.language.rawValue
            answer.headers[.vary] = "Accept-Language"
            return answer
        }
    }
}

extension HTTPFields {
    /// Whether a browser asks for Russian before anything else.
    fileprivate var prefersRussian: Bool { self[.acceptLanguage]?.lowercased().hasPrefix("ru") == true }
}
