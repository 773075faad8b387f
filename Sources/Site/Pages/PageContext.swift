import Briefs

/// The context of every part of a page: its language, and the targets of its links.
struct PageContext: Sendable {
    let request: SiteRequest
    let links: SiteLinks
    let words: SiteWords
    private let place: SiteLinks.Place

    var language: Language { words.language }

    init(_ request: SiteRequest, _ links: SiteLinks, _ language: Language) {
        (self.request, self.links, words) = (request, links, SiteWords(language: language))
        place = links.place(of: request, language)
    }

    func address(_ page: SiteRequest) -> String { links.address(of: page, language, from: place) }

    func address(_ page: SiteRequest, in language: Language) -> String {
        links.address(of: page, language, from: place)
    }

    var from: SiteLinks.Place { place }

    func link(_ page: SiteRequest, _ text: String) -> Markup { "<a href=\"\(address(page))\">\(text)</a>" }

    /// The page for finding builds: a form on a server, a list of answers in a static site.
    var search: SiteRequest { links.isServer ? .query(QueryFields()) : .finder }
}
