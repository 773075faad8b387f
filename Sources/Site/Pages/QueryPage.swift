import Answers
import Briefs
import DeviceFit
import Registry

/// The form, followed by the answer if the request has one.
struct QueryPage {
    let context: PageContext
    let session: RegistrySession
    let shelf: SiteShelf
    let scope: SiteScope
    let fields: QueryFields

    private var words: SiteWords { context.words }

    func page() throws -> SitePage {
        let title = words("Find a build", "Подбор сборки")
        let asked = fields.completed
        var (query, found) = try asked.query(in: session, words)
        query.model = query.model ?? scope.model
        query.channel = query.channel ?? scope.channel
        var problems = found
        var answer: Markup = .empty
        if !fields.isEmpty, problems.isEmpty {
            do {
                let found = try query.answer(from: session)
                answer = try AnswerView(context: context, session: session, answer: found, query: query).markup
                answer += data(asked)
            } catch let error as DeviceFitError {
                problems.append(FieldProblem(name: .context, words: words.foreign("\(error)")))
            } catch let error as AnswersError {
                problems.append(FieldProblem(name: .platform, words: words.foreign("\(error)")))
            } catch let error as NothingFits {
                problems.append(FieldProblem(name: .model, words: words.foreign("\(error)")))
            }
        }
        let form = QueryForm(
            context: context,
            fields: problems.isEmpty ? asked : fields,
            choices: try choices(),
            problems: problems
        )
        let isAnswered = !fields.isEmpty && problems.isEmpty
        let content: Markup = """
            <h1>\(title)</h1>
            \(isAnswered ? .empty : "<p class=\"lead\">\(lead)</p>")
            \(list(problems))
            <section aria-label="\(words("Conditions", "Условия"))">\(isAnswered ? folded(form.whole, asked) : form.whole)</section>
            \(answer)
            """
        return PageFrame(
            context: context,
            title: title,
            summary: lead,
            content: content,
            outcome: problems.isEmpty ? .found : .badRequest,
            translations: context.request
        ).page
    }

    private var lead: String {
        words(
            "Say what your app runs on. You get the best build that fits, the runners-up, and the reason for every build that does not fit.",
            "Скажите, на чём работает приложение, — и получите лучшую подходящую сборку, запасные варианты и причину отказа по каждой из остальных."
        )
    }

    /// The form collapsed to one line that summarizes the request.
    private func folded(_ form: Markup, _ asked: QueryFields) -> Markup {
        let chips = asked.parameters.map { parameter -> Markup in
            let name = QueryFields.Name(rawValue: parameter.name).map(words.field) ?? parameter.name
            let value = Platform(rawValue: parameter.value).map(words.system) ?? parameter.value
            return "<span class=\"badge\">\(name): \(value)</span>"
        }
        return """
            <details class="again"><summary>\(words("Change the conditions", "Изменить условия")) \(chips.joined(" "))</summary>
            \(form)</details>
            """
    }

    private func list(_ problems: [FieldProblem]) -> Markup {
        guard !problems.isEmpty else { return .empty }
        let items = problems.map { problem -> Markup in
            "<a href=\"#\(problem.name.rawValue)\">\(words.field(problem.name))</a>: \(problem.words)"
        }
        return "<div class=\"problem\" role=\"alert\">\(items.joined("<br/>"))</div>"
    }

    private func data(_ fields: QueryFields) -> Markup {
        guard let address = context.links.data(of: .query(fields), from: context.from) else { return .empty }
        return "<p class=\"more\"><a href=\"\(address)\">\(words("This answer as JSON", "Этот ответ в JSON"))</a></p>"
    }

    private func choices() throws -> QueryForm.Choices {
        let builds = shelf.models.count <= SiteLimits.models ? try session.builds() : []
        return QueryForm.Choices(
            devices: try session.catalogue().devices,
            models: shelf.models.map(\.name).sorted(),
            channels: Set(shelf.models.flatMap(\.channels)).sorted(),
            licenses: builds.licenses
        )
    }
}

extension SiteWords {
    func field(_ name: QueryFields.Name) -> String {
        switch name {
        case .device: self("Device", "Устройство")
        case .ram: self("Memory", "Память")
        case .platform: self("System", "Система")
        case .context: self("Context", "Контекст")
        case .model: self("Model", "Модель")
        case .channel: self("Channel", "Канал")
        case .kind: self("Kind of model", "Вид модели")
        case .license: self("Licence", "Лицензия")
        case .minSpeed: self("Slowest writing", "Скорость генерации")
        case .maxSize: self("Largest file", "Размер файла")
        }
    }
}
