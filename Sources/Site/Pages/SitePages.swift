import Answers
import Briefs
import DeviceFit
import Foundation
import Registry

/// The pages of a registry. The same registry, request and language give the same page; no state is kept between pages.
///
/// Names, licences, sources and all other published texts are shown as text and never become markup.
public struct SitePages: Sendable {
    private let session: RegistrySession
    private let links: SiteLinks
    private let language: Language
    private let scope: SiteScope
    /// Data that all pages share; nil reads it for each page.
    private let shelf: SiteShelf?

    /// - Parameters:
    ///   - session: a session of the registry to show.
    ///   - links: the targets of the pages' links.
    ///   - language: the language of all texts of the program.
    ///   - scope: the builds to show.
    public init(session: RegistrySession, links: SiteLinks, language: Language, scope: SiteScope = SiteScope()) {
        self.init(session: session, links: links, language: language, scope: scope, shelf: nil)
    }

    /// Creates many pages of a registry that share the data of one moment.
    package init(
        session: RegistrySession,
        links: SiteLinks,
        language: Language,
        scope: SiteScope = SiteScope(),
        shelf: SiteShelf?
    ) {
        (self.session, self.links, self.language, self.scope) = (session, links, language, scope)
        self.shelf = shelf
    }

    /// The requested page, or a page that says that there is none.
    /// - Throws: `RegistryError` if the registry is damaged or cannot be read; `FileError`.
    public func page(_ request: SiteRequest) throws -> SitePage {
        let context = PageContext(request, links, language)
        let shelf = try shelf ?? SiteShelf(session, scope)
        switch request {
        case .home(let number):
            guard (1...shelf.pageCount).contains(number) else { return notFound(context) }
            return try HomePage(context: context, session: session, shelf: shelf, number: number).page()
        case .model(let name):
            guard let model = shelf.model(name) else { return notFound(context) }
            return try ModelPage(context: context, session: session, model: model).page()
        case .report(let model, let version):
            guard shelf.has(model, version) != nil else { return notFound(context) }
            return try report(model, version, context)
        case .build(let model, let version, let type):
            guard let record = shelf.has(model, version), record.types.contains(type) else { return notFound(context) }
            let name = try BuildName(model: model, version: record.version, type: type)
            let build = try session.registry.build(named: name)
            return try BuildPage(context: context, session: session, build: build, channels: record.channels).page()
        case .query(let fields):
            return try QueryPage(context: context, session: session, shelf: shelf, scope: scope, fields: fields).page()
        case .finder:
            return try finder { try SiteAnswers(session, scope).answer(to: $0, language)?.answer.best?.build }
        case .best, .bestOnDevice:
            guard let found = try SiteAnswers(session, scope).answer(to: request, language) else {
                return notFound(context)
            }
            return try page(of: found, for: request)
        }
    }

    /// The list of precomputed answers.
    /// - Parameter best: returns the best build of an answer.
    func finder(best: (SiteRequest) throws -> String?) throws -> SitePage {
        try withoutActuallyEscaping(best) { best in
            try FinderPage(context: PageContext(.finder, links, language), session: session, best: best).page()
        }
    }

    /// The page of an answer that was computed before.
    func page(of found: SiteAnswers.Found, for request: SiteRequest) throws -> SitePage {
        let context = PageContext(request, links, language)
        return try BestPage(
            context: context,
            session: session,
            answer: found.answer,
            query: found.query,
            target: found.target(context.words)
        ).page()
    }

    /// The page for an unknown address.
    public func notFound() -> SitePage { notFound(PageContext(.home(), links, language)) }

    /// A page that reports an error of the server.
    /// - Parameters:
    ///   - message: a sentence from the modules below.
    ///   - status: the HTTP status.
    public static func problem(_ message: String, status: Int, links: SiteLinks, _ language: Language) -> SitePage {
        let context = PageContext(.home(), links, language)
        let title = context.words("This did not work", "Не получилось")
        let note: Markup = "<p class=\"note\">HTTP \(status)</p>"
        return refusal(title, message, note, status == 404 ? .notFound : .badRequest, context)
    }

    private func notFound(_ context: PageContext) -> SitePage {
        let words = context.words
        let title = words("There is no such page", "Такой страницы нет")
        let text = words(
            "The address may be mistyped, or the build was withdrawn.",
            "Возможно, в адресе опечатка или сборка отозвана."
        )
        return Self.refusal(title, text, .empty, .notFound, context)
    }

    private static func refusal(
        _ title: String,
        _ text: String,
        _ note: Markup,
        _ outcome: SitePage.Outcome,
        _ context: PageContext
    ) -> SitePage {
        let content: Markup = """
            <h1>\(title)</h1>
            <p class="lead">\(text)</p>
            \(note)
            <p>\(context.link(.home(), context.words("All models", "Все модели")))</p>
            """
        return PageFrame(context: context, title: title, summary: text, content: content, outcome: outcome).page
    }

    private func report(_ model: String, _ version: String, _ context: PageContext) throws -> SitePage {
        var request = ReportRequest(model: "\(model)@\(version)")
        request.language = language
        let report = try session.report(request) { _, _, _ in }
        let trail = [
            (context.words("Models", "Модели"), context.address(.home())), (model, context.address(.model(model))),
        ]
        return SitePage(
            html: report.html(language, trail: trail),
            contentSecurityPolicy: ContentPolicy.report + ContentPolicy.headerOnly,
            language: language
        )
    }
}

extension SiteShelf {
    /// The version with this name; nil if the site does not show it.
    func has(_ model: String, _ version: String) -> VersionRecord? {
        self.model(model)?.versions.first { "\($0.version)" == version }
    }
}
