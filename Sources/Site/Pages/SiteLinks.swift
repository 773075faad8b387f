import Briefs
import Registry

/// The targets of the pages' links: routes of a server, or files of a static site.
public struct SiteLinks: Sendable {
    private enum Form {
        case server(download: @Sendable (BuildRecord) -> String?)
        case files(languages: [Language], hasBlobs: Bool)
    }

    private let form: Form
    /// The site's address, without a slash at the end; nil if it is unknown.
    let origin: String?
    /// Whether links on a server name the language even if it is English, for readers whose browser prefers another
    /// one.
    private let namesLanguage: Bool

    private init(_ form: Form, origin: String?, namesLanguage: Bool = false) {
        (self.form, self.namesLanguage) = (form, namesLanguage)
        self.origin = origin.map { String($0.reversed().drop { $0 == "/" }.reversed()) }
    }

    /// Links to the paths that `SiteRequest(path:parameters:)` reads, and to `/api/v1/query`.
    /// - Parameters:
    ///   - origin: the server's address for clients, such as `https://models.example`; nil if it is unknown.
    ///   - namesLanguage: whether all links name the page's language; otherwise links omit English.
    ///   - download: returns the address of a build's file, absolute or from the root; nil if it cannot be downloaded.
    public static func server(
        origin: String?,
        namesLanguage: Bool = false,
        download: @escaping @Sendable (BuildRecord) -> String?
    ) -> SiteLinks {
        SiteLinks(.server(download: download), origin: origin, namesLanguage: namesLanguage)
    }

    /// Relative links between files, so that the site may be in any folder of any host.
    /// - Parameters:
    ///   - languages: the languages of the site; the first one is at its root, each other one in its own folder.
    ///   - origin: the site's address; nil if it is unknown.
    ///   - hasBlobs: whether the site includes the builds' files.
    package static func files(languages: [Language], origin: String?, hasBlobs: Bool) -> SiteLinks {
        SiteLinks(.files(languages: languages, hasBlobs: hasBlobs), origin: origin)
    }

    /// The parameter that names a page's language.
    static let languageName = "lang"

    /// Whether a form must name the language of the next page in a field, because its fields replace the parameters of
    /// its address.
    func names(_ language: Language) -> Bool { isServer && (namesLanguage || language != .english) }

    var isServer: Bool { if case .server = form { true } else { false } }

    /// The languages that the pages exist in.
    var languages: [Language] {
        switch form {
        case .server: Language.allCases
        case .files(let languages, _): languages
        }
    }

    /// The address of a page, as written on the page `from`.
    package func address(of page: SiteRequest, _ language: Language, from: Place) -> String {
        switch form {
        case .server:
            var parameters: [(name: String, value: String)] = []
            if case .query(let fields) = page { parameters = fields.parameters }
            if namesLanguage || language != .english || from.language != language {
                parameters.append((Self.languageName, language.rawValue))
            }
            return "/" + page.path.map(Self.encoded).joined(separator: "/") + Self.question(parameters)
        case .files: return from.climb + file(of: page, language)
        }
    }

    /// The path of a page's file from the root of a static site.
    package func file(of page: SiteRequest, _ language: Language) -> String {
        let folder = language == languages.first ? "" : "\(language.rawValue)/"
        switch page {
        // An answer's page is beside its JSON and has the same name.
        case .best, .bestOnDevice: return folder + page.path.joined(separator: "/") + ".html"
        case .query: return file(of: .finder, language)
        default: return folder + (page.path + ["index.html"]).joined(separator: "/")
        }
    }

    /// The address of an answer in JSON.
    func data(of page: SiteRequest, from: Place) -> String? {
        switch (form, page) {
        case (.server, .query(let fields)): "/api/v1/query" + Self.question(fields.parameters)
        case (.server, _): nil
        case (.files, .best), (.files, .bestOnDevice): from.climb + page.path.joined(separator: "/") + ".json"
        case (.files, _): nil
        }
    }

    /// The address of a list in JSON: `builds` or `devices`.
    func list(_ name: String, from: Place) -> String {
        switch form {
        case .server: "/api/v1/\(name)"
        case .files: from.climb + "api/v1/\(name).json"
        }
    }

    /// The address of a build's file; nil if it cannot be downloaded.
    func download(_ build: BuildRecord, from: Place) -> String? {
        switch form {
        case .server(let download): download(build)
        case .files(_, let hasBlobs): hasBlobs ? from.climb + SitePaths.blob(build.digest) : nil
        }
    }

    /// The absolute address of a build's file, for commands; nil if the site's address is unknown.
    func absoluteDownload(_ build: BuildRecord) -> String? {
        guard let origin, let path = download(build, from: Place(climb: "", language: .english)) else { return nil }
        return path.contains("://") ? path : "\(origin)/\(path.drop { $0 == "/" })"
    }

    /// The place of a page, which relative addresses start from.
    package func place(of page: SiteRequest, _ language: Language) -> Place {
        let depth = isServer ? 0 : file(of: page, language).count { $0 == "/" }
        return Place(climb: String(repeating: "../", count: depth), language: language)
    }

    /// The page that contains a link.
    package struct Place: Sendable {
        /// The relative path from a file's folder to the root of a static site.
        let climb: String
        let language: Language
    }

    private static func question(_ parameters: [(name: String, value: String)]) -> String {
        let pairs = parameters.map { "\(encoded($0.name))=\(encoded($0.value))" }
        return pairs.isEmpty ? "" : "?" + pairs.joined(separator: "&")
    }

    /// Source: RFC 3986, section 2.3: all characters except the unreserved ones are percent-encoded.
    static func encoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF")
        return text.utf8.reduce(into: "") { encoded, byte in
            let scalar = Unicode.Scalar(byte)
            if byte < 0x80, scalar.properties.isAlphabetic || "0123456789-._~".unicodeScalars.contains(scalar) {
                encoded.unicodeScalars.append(scalar)
            } else {
                encoded += "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
            }
        }
    }
}
