import Architectures
import Briefs
import DeviceFit

/// The form for finding a build. It uses GET, so that an answer has an address to link to.
struct QueryForm {
    /// The choices that the fields offer.
    struct Choices {
        var devices: [Device]
        var models: [String]
        var channels: [String]
        var licenses: [String]
    }

    let context: PageContext
    let fields: QueryFields
    /// The choices; nil for the short form.
    let choices: Choices?
    var problems: [FieldProblem] = []

    private var words: SiteWords { context.words }

    /// The form with system and memory only.
    var short: Markup { form("\(platform)\(memory)\(send)") }

    var whole: Markup {
        guard let choices else { return short }
        return form(
            """
            \(platform)
            \(memory)
            \(device(choices.devices))
            \(model(choices.models))
            \(input(.context, words("Context, tokens", "Контекст, токенов"), placeholder: "4096", hint: words("Empty: 4096, or the model’s own.", "Пусто: 4096 или меньше, если модель обучена на меньшем."), mode: "numeric"))
            <details\(opening)><summary>\(words("More conditions", "Другие условия"))</summary><div>
            \(input(.minSpeed, words("Slowest writing, token/s", "Генерация не медленнее, токенов/с"), placeholder: "10", mode: "decimal"))
            \(input(.maxSize, words("Largest file", "Файл не больше"), placeholder: "2GB"))
            \(select(.license, words("Licence", "Лицензия"), choices.licenses.map { ($0, $0) }, any: words("Any", "Любая")))
            \(select(.channel, words("Channel", "Канал"), choices.channels.map { ($0, $0) }, any: words("Any", "Любой")))
            \(select(.kind, words("Kind of model", "Вид модели"), ModelKind.allCases.map { ($0.rawValue, words.kind($0)) }, any: words("As usual", "Как обычно"), hint: words("Usually language models.", "Обычно — языковые модели.")))
            </div></details>
            \(send)
            """
        )
    }

    /// The further conditions, expanded if one of them is set.
    private var opening: Markup {
        let isAsked = [QueryFields.Name.minSpeed, .maxSize, .license, .channel, .kind].contains { fields[$0] != nil }
        return isAsked ? " open=\"open\"" : ""
    }

    private func form(_ content: Markup) -> Markup {
        let own = context.language
        let language: Markup =
            context.links.names(own)
            ? "<input type=\"hidden\" name=\"\(SiteLinks.languageName)\" value=\"\(own.rawValue)\"/>" : ""
        let style: Markup = choices == nil ? "ask short" : "ask"
        return "<form class=\"\(style)\" action=\"/query\" method=\"get\">\(language)\(content)</form>"
    }

    private var send: Markup {
        "<div class=\"send\"><button type=\"submit\">\(words("Find the best build", "Найти лучшую сборку"))</button></div>"
    }

    private var platform: Markup {
        let chosen = fields.isEmpty ? Platform.android.rawValue : fields[.platform] ?? ""
        let options = [
            (Platform.android.rawValue, "Android"), (Platform.ios.rawValue, "iOS"), ("", words("Any", "Любая")),
        ]
        let choices = options.dropLast(choices == nil ? 1 : 0).map { value, name -> Markup in
            let checked: Markup = value == chosen ? " checked=\"checked\"" : ""
            return "<label><input type=\"radio\" name=\"platform\" value=\"\(value)\"\(checked)/>\(name)</label>"
        }
        return """
            <fieldset class="field" id="platform"><legend>\(words("System", "Система"))</legend>\
            <div class="choice">\(choices.joined(""))</div></fieldset>
            """
    }

    private var memory: Markup {
        let list = MemoryStep.all.map { step -> Markup in "<option value=\"\(step.setting)\"></option>" }
        let field = input(
            .ram,
            words("Memory that the app may use", "Память для приложения"),
            placeholder: QueryFields.usualMemory,
            hint: words(
                "About half of what the phone has. Empty: 3\u{a0}GB.",
                "Примерно половина памяти телефона. Пусто: 3\u{a0}ГБ."
            ),
            list: "steps"
        )
        return "\(field)<datalist id=\"steps\">\(list.joined(""))</datalist>"
    }

    private func device(_ devices: [Device]) -> Markup {
        let groups = Platform.allCases.map { platform -> Markup in
            let options = devices.filter { $0.platform == platform }.map { option($0.id, $0.name, .device) }
            return "<optgroup label=\"\(words.system(platform))\">\(options.joined(""))</optgroup>"
        }
        let hint = words("Decides system and memory.", "Определяет систему и память.")
        return field(
            .device,
            words("Device", "Устройство"),
            "<select id=\"device\" name=\"device\"\(hints(.device, hint))><option value=\"\">\(words("Any", "Любое"))</option>\(groups.joined())</select>",
            hint: hint
        )
    }

    private func model(_ models: [String]) -> Markup {
        guard models.count <= 300 else {
            return input(.model, words("Model", "Модель"), placeholder: words("any", "любая"))
        }
        return select(.model, words("Model", "Модель"), models.map { ($0, $0) }, any: words("Any", "Любая"))
    }

    private func select(
        _ name: QueryFields.Name,
        _ title: String,
        _ options: [(String, String)],
        any: String,
        hint: String? = nil
    ) -> Markup {
        // A value in the request stays selected even if it is not among the choices.
        let known = Set(options.map(\.0))
        let own = fields[name].flatMap { known.contains($0) ? nil : ($0, $0) }.map { [$0] } ?? []
        let items = (own + options).map { option($0.0, $0.1, name) }
        return field(
            name,
            title,
            "<select id=\"\(name.rawValue)\" name=\"\(name.rawValue)\"\(hints(name, hint))><option value=\"\">\(any)</option>\(items.joined(""))</select>",
            hint: hint
        )
    }

    private func option(_ value: String, _ title: String, _ name: QueryFields.Name) -> Markup {
        let selected: Markup = fields[name] == value ? " selected=\"selected\"" : ""
        return "<option value=\"\(value)\"\(selected)>\(title)</option>"
    }

    private func input(
        _ name: QueryFields.Name,
        _ title: String,
        placeholder: String,
        hint: String? = nil,
        mode: String? = nil,
        list: String? = nil
    ) -> Markup {
        let keyboard: Markup = mode.map { " inputmode=\"\($0)\"" } ?? ""
        let offers: Markup = list.map { " list=\"\($0)\"" } ?? ""
        return field(
            name,
            title,
            """
            <input id="\(name.rawValue)" name="\(name.rawValue)" value="\(fields[name] ?? "")" placeholder="\(placeholder)" \
            autocomplete="off" maxlength="64"\(keyboard)\(offers)\(hints(name, hint))/>
            """,
            hint: hint
        )
    }

    private func field(_ name: QueryFields.Name, _ title: String, _ control: Markup, hint: String?) -> Markup {
        let note: Markup = hint.map { "<small id=\"\(name.rawValue)-hint\">\($0)</small>" } ?? ""
        return "<div class=\"field\"><label for=\"\(name.rawValue)\">\(title)</label>\(control)\(note)</div>"
    }

    private func hints(_ name: QueryFields.Name, _ hint: String?) -> Markup {
        let described: Markup = hint == nil ? "" : " aria-describedby=\"\(name.rawValue)-hint\""
        let invalid: Markup = problems.contains { $0.name == name } ? " aria-invalid=\"true\"" : ""
        return described + invalid
    }
}
