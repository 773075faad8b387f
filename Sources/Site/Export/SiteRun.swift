import Answers
import BinaryIO
import Briefs
import DeviceFit
import Foundation
import Registry
import SystemPackage
import Work

/// One attempt to write a site of the builds that the registry has at its start.
struct SiteRun {
    /// A build was published or withdrawn meanwhile, and a document would link to a missing file.
    struct Moved: Error {}

    private let export: SiteExport
    private let origin: String?
    private let session: RegistrySession
    private let folder: SiteFolder
    private let progress: WorkProgress
    /// The builds of the site.
    private let builds: [BuildRecord]
    private let shelf: SiteShelf
    private let answers: SiteAnswers
    /// The languages, each once.
    private let languages: [Language]

    init(
        _ export: SiteExport,
        origin: String?,
        session: RegistrySession,
        folder: SiteFolder,
        progress: @escaping WorkProgress
    ) throws {
        (self.export, self.origin, self.session, self.folder, self.progress) = (
            export, origin, session, folder, progress
        )
        // The query reports an unknown model or channel, and suggests similar names.
        var query = BuildQuery()
        (query.model, query.channel) = (export.scope.model, export.scope.channel)
        if query.model != nil || query.channel != nil { _ = try query.answer(from: session) }
        shelf = try SiteShelf(session, export.scope)
        builds = try session.registry.builds(
            matching: BuildFilter(model: export.scope.model, channel: export.scope.channel)
        )
        answers = SiteAnswers(session, export.scope)
        var seen: Set<Language> = []
        languages = export.languages.filter { seen.insert($0).inserted }
    }

    /// The builds to write files for, one for each distinct file.
    private var files: [BuildRecord] {
        var seen: Set<SHA256Digest> = []
        return builds.filter { seen.insert($0.digest).inserted }
    }

    private var links: SiteLinks {
        .files(languages: languages, origin: origin, hasBlobs: export.hasBlobs)
    }

    func write() throws -> SiteReport {
        let files = export.hasBlobs ? files : []
        let pages = try self.pages
        let data = try answers.requests().map(dataPath) + [SitePaths.builds, SitePaths.devices, SitePaths.headers]
        let blobs = files.flatMap { [SitePaths.blob($0.digest), SitePaths.parts($0.digest)] }
        let paths = pages.flatMap { page in languages.map { links.file(of: page, $0) } }
        try folder.begin(blobs + data + paths)
        try write(files)
        try writeLists()
        let best = try writeAnswers()
        try folder.settle()
        try write(pages.filter { !Self.isIndex($0) }, best)
        // The pages that link to the others are written last.
        try folder.settle()
        try write(pages.filter(Self.isIndex), best)
        guard try hasMoved() == false else { throw Moved() }
        try folder.finish()
        return SiteReport(
            folder: folder.root.string,
            builds: builds.count,
            files: Set(blobs + data + paths).count,
            written: folder.written,
            kept: folder.kept,
            removed: folder.removed,
            blobBytes: files.reduce(0) { $0 + $1.fileBytes }
        )
    }

    private func hasMoved() throws -> Bool {
        try session.registry.builds(
            matching: BuildFilter(model: export.scope.model, channel: export.scope.channel)
        ) != builds
    }

    /// All pages except those of answers, which are written with their JSON.
    private var pages: [SiteRequest] {
        get throws {
            var pages: [SiteRequest] = []
            let byVersion = Dictionary(grouping: builds) { "\($0.name.model)@\($0.name.version)" }
            for model in shelf.models {
                for version in model.versions {
                    pages += (byVersion["\(model.name)@\(version.version)"] ?? []).map { SiteRequest($0.name) }
                    pages.append(.report(model: model.name, version: "\(version.version)"))
                }
                pages.append(.model(model.name))
            }
            pages += try answers.requests()
            return pages + [.finder] + (1...shelf.pageCount).reversed().map { .home(page: $0) }
        }
    }

    private static func isIndex(_ page: SiteRequest) -> Bool {
        switch page {
        case .home, .finder: true
        default: false
        }
    }

    // MARK: The builds' files

    private func write(_ files: [BuildRecord]) throws {
        let missing = files.reduce(0) { sum, build in
            let bytes = folder.missingBytes(
                of: SitePaths.blob(build.digest),
                digest: build.digest,
                size: build.fileBytes
            )
            return sum + (session.registry.plainFile(of: build) == nil ? bytes : 0)
        }
        try checkSpace(for: missing, at: folder.root)
        for build in files {
            let path = SitePaths.blob(build.digest)
            try folder.add(path, digest: build.digest, size: build.fileBytes) { file in
                try SiteBlob(build: build, registry: session.registry, progress: progress).write(to: file)
            }
            try folder.write(encoded(session.registry.partList(of: build)), to: SitePaths.parts(build.digest))
        }
        try folder.settle()
        try folder.saveList()
    }

    // MARK: JSON

    private func encoded(_ value: some Encodable) throws -> [UInt8] { Array(try RecordText.json(value).utf8) }

    private func dataPath(_ request: SiteRequest) -> String { request.path.joined(separator: "/") + ".json" }

    /// - Parameter path: the path of the document that links to the file.
    private func download(_ digest: SHA256Digest, _ size: Int, from path: String) -> DownloadFields? {
        guard export.hasBlobs else { return nil }
        let root = origin.map { "\($0)/" } ?? String(repeating: "../", count: path.count { $0 == "/" })
        return DownloadFields(
            url: root + SitePaths.blob(digest),
            parts: root + SitePaths.parts(digest),
            size: size,
            sha256: digest
        )
    }

    private func writeLists() throws {
        let records = builds.map {
            Downloadable(record: $0, download: download($0.digest, $0.fileBytes, from: SitePaths.builds))
        }
        try folder.write(encoded(records), to: SitePaths.builds)
        try folder.write(encoded(session.catalogue().devices), to: SitePaths.devices)
        try folder.write(Array(SiteHeaders.text.utf8), to: SitePaths.headers)
    }

    /// Writes the answers as JSON and as pages.
    /// - Returns: the name of the best build of each answer; an answer without a best build is left out.
    private func writeAnswers() throws -> [SiteRequest: String] {
        let requests = try answers.requests()
        let known = Set(builds.map(\.digest))
        var best: [SiteRequest: String] = [:]
        for (index, request) in requests.enumerated() {
            try progress("answers", index, requests.count)
            guard let found = try answers.answer(to: request, .english) else { throw Moved() }
            let named = [found.answer.best].compactMap { $0 } + found.answer.alternatives
            guard named.allSatisfy({ known.contains($0.sha256) }) else { throw Moved() }
            let path = dataPath(request)
            let document = SiteAnswer(answer: found.answer) { download($0, $1, from: path) }
            try folder.write(encoded(document), to: path)
            best[request] = found.answer.best?.build
        }
        return best
    }

    // MARK: Pages

    private func write(_ pages: [SiteRequest], _ best: [SiteRequest: String]) throws {
        for language in languages {
            let site = SitePages(session: session, links: links, language: language, scope: export.scope, shelf: shelf)
            for (index, request) in pages.enumerated() {
                try progress("pages", index, pages.count)
                let page = request == .finder ? try site.finder { best[$0] } : try site.page(request)
                guard page.outcome == .found else { throw Moved() }
                try folder.write(Array(page.html.utf8), to: links.file(of: request, language))
            }
        }
    }
}
