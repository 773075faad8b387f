import Answers
import Briefs
import DeviceFit
import Registry

/// The page of a precomputed answer.
struct BestPage {
    let context: PageContext
    let session: RegistrySession
    let answer: QueryAnswer
    let query: BuildQuery
    /// The target of the answer: `Android, 3 GB`, or a device.
    let target: String

    private var words: SiteWords { context.words }

    func page() throws -> SitePage {
        let title = words("Best build: \(target)", "Лучшая сборка: \(target)")
        let view = AnswerView(context: context, session: session, answer: answer, query: query)
        let data = context.links.data(of: context.request, from: context.from).map { address -> Markup in
            "<p class=\"more\"><a href=\"\(address)\">\(words("This answer as JSON", "Этот ответ в JSON"))</a></p>"
        }
        let content: Markup = """
            <nav class="trail" aria-label="\(words("Where you are", "Вы здесь"))">\
            \(context.link(.finder, words("Find a build", "Подбор сборки"))) / \(target)</nav>
            <h1>\(target)</h1>
            \(try view.markup)
            \(data ?? .empty)
            """
        return PageFrame(
            context: context,
            title: title,
            summary: answer.best.map { "\(title): \($0.build)" } ?? title,
            content: content,
            translations: context.request
        ).page
    }
}

/// The page that lists all precomputed answers: by system and memory, and by device.
struct FinderPage {
    let context: PageContext
    let session: RegistrySession
    /// Returns the best build of an answer; nil if no build fits.
    let best: (SiteRequest) throws -> String?

    private var words: SiteWords { context.words }

    func page() throws -> SitePage {
        let title = words("Find a build", "Подбор сборки")
        let lead = words(
            "The best build for what your app may use. Every answer is a page, and JSON that an app can fetch.",
            "Лучшая сборка для памяти, доступной приложению. Каждый ответ — это страница и JSON, который может запросить приложение."
        )
        let content: Markup = """
            <h1>\(title)</h1>
            <p class="lead">\(lead)</p>
            <section aria-labelledby="memory"><h2 id="memory">\(words("By memory", "По памяти"))</h2>
            <p>\(words("The memory that the app may use: about half of what the phone has.", "Память, доступная приложению: примерно половина памяти телефона."))</p>
            \(try steps().markup)</section>
            \(try Platform.allCases.map(devices).joined())
            """
        return PageFrame(context: context, title: title, summary: lead, content: content, translations: context.request)
            .page
    }

    private func steps() throws -> PageTable {
        PageTable(
            caption: words("The best build by system and memory", "Лучшая сборка по системе и памяти"),
            columns: [(words("Memory", "Память"), false)] + Platform.allCases.map { (words.system($0), false) },
            rows: try MemoryStep.all.map { step in
                ["\(words.memory(step))"] + (try Platform.allCases.map { try cell(.best($0, step)) })
            },
            unfolds: true
        )
    }

    private func cell(_ request: SiteRequest) throws -> Markup {
        guard let best = try best(request) else {
            return context.link(request, words("none fits", "ни одна"))
        }
        return context.link(request, best)
    }

    private func devices(_ platform: Platform) throws -> Markup {
        let devices = try session.catalogue().devices.filter { $0.platform == platform && $0.hasAddress }
        guard !devices.isEmpty else { return .empty }
        let table = PageTable(
            caption: words("The best build for each device", "Лучшая сборка для каждого устройства"),
            columns: [
                (words("Device", "Устройство"), false), (words("An app may use", "Доступно приложению"), true),
                (words("Best build", "Лучшая сборка"), false),
            ],
            rows: try devices.map { device in
                ["\(device.name)", "\(words.size(device.appLimitBytes))", try cell(.bestOnDevice(device.id))]
            },
            unfolds: true
        )
        let name = words.system(platform)
        return """
            <section aria-labelledby="\(platform.rawValue)"><h2 id="\(platform.rawValue)">\(words("\(name) devices", "Устройства \(name)"))</h2>
            \(table.markup)</section>
            """
    }
}
