import Answers
import Briefs
import HTTPTypes
import Registry
import Site

/// The routes for people: the pages of the site, rendered from the registry as it is now.
enum PageRoutes {
    static let all: [Route] = [
        route("/", "The models.", right: .pullAny),
        route("/pages/{page}", "More models.", right: .pullAny),
        route("/query", "The form that finds a build, and its answer.", right: .pullAny),
        route("/models/{model}", "A model's versions, channels and builds."),
        route("/models/{model}/{version}", "All that is known of a version."),
        route("/builds/{model}/{version}/{type}", "A build: why it is right, and how to load it."),
    ]

    private static func route(_ path: String, _ summary: String, right: Route.Right = .pull) -> Route {
        Route(method: .get, path: path, family: .page, right: right, summary: summary, parameters: nil) {
            call,
            services in
            let language = language(call)
            guard let request = SiteRequest(path: call.decodedPath, parameters: call.values.pairs) else {
                throw ServerError.notFound("there is no such page.")
            }
            let links = links(call, services)
            let page = try await services.asking { session in
                let shelf = try services.shelf(of: session)
                return try SitePages(session: session, links: links, language: language, shelf: shelf).page(request)
            }
            return answer(page, call)
        }
    }

    /// A page that reports an error.
    static func problem(_ told: ServerError, _ fields: HTTPFields) -> Answer {
        let links = SiteLinks.server(origin: nil) { _ in nil }
        let page = SitePages.problem(told.message, status: told.status.code, links: links, language(nil, fields))
        return headed(Answer(bytes: Array(page.html.utf8), as: type), page)
    }

    private static let type = "text/html; charset=utf-8"

    private static func answer(_ page: SitePage, _ call: Call) -> Answer {
        let kept = AnswerCache.Kept(Array(page.html.utf8))
        var answer = Answer.tagged(kept.bytes, as: type, etag: kept.etag, call)
        switch page.outcome {
        case .found: break
        case .notFound: answer = Answer(bytes: kept.bytes, as: type).with(status: .notFound)
        case .badRequest: answer = Answer(bytes: kept.bytes, as: type).with(status: .badRequest)
        }
        return headed(answer, page)
    }

    private static func headed(_ answer: Answer, _ page: SitePage) -> Answer {
        var answer = answer
        answer.headers[.contentSecurityPolicy] = page.contentSecurityPolicy
        answer.headers[.contentLanguage] = page.language.rawValue
        answer.headers[.vary] = "Accept-Language"
        answer.headers[.referrerPolicy] = "same-origin"
        return answer
    }

    private static func links(_ call: Call, _ services: Services) -> SiteLinks {
        let owner = services.owner
        return .server(origin: call.origin, namesLanguage: prefersRussian(call.headers)) { build in
            "/\(owner)/\(build.name.model)/resolve/\(build.name.version)/\(HubVersion.fileName(of: build))"
        }
    }

    /// The language in the address, or else the browser's preference.
    private static func language(_ call: Call) -> Language { language(call.values.text("lang"), call.headers) }

    private static func language(_ named: String?, _ fields: HTTPFields) -> Language {
        named.flatMap { Language(rawValue: $0.lowercased()) } ?? (prefersRussian(fields) ? .russian : .english)
    }

    /// Whether the browser prefers Russian to English; its languages are listed in order of preference.
    private static func prefersRussian(_ fields: HTTPFields) -> Bool {
        let wanted = (fields[.acceptLanguage] ?? "").lowercased().split(separator: ",").map {
            $0.trimmingBlanks.prefix(2)
        }
        return wanted.first { $0 == "ru" || $0 == "en" } == "ru"
    }
}

extension Answer {
    fileprivate func with(status: HTTPResponse.Status) -> Answer {
        var answer = self
        answer.status = status
        return answer
    }
}

extension HTTPField.Name {
    // The names are constants: not empty and without forbidden characters.
    fileprivate static let referrerPolicy = Self("Referrer-Policy")!
}
