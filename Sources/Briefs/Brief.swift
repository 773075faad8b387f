import Architectures
import DeviceFit

/// A Markdown page that helps to choose a model for an app: two or three builds side by side, how to prepare and load
/// the best one, and what to do about heat and battery.
///
/// Everything in it runs on the phone; it never mentions a service.
public struct Brief: Sendable {
    /// The builds, best first; not empty.
    public let builds: [BriefedBuild]
    /// The system of the phones.
    public let platform: Platform
    /// The purpose of the app, in the user's words; nil if it was not given.
    public let task: String?
    /// The memory or the devices that the user asked about, in words.
    public let target: String
    /// The years in which the older phones came out.
    public let olderYears: ClosedRange<Int>
    /// The language of the page.
    public let language: Language

    /// - Precondition: `builds` is not empty.
    public init(
        _ builds: [BriefedBuild],
        platform: Platform,
        task: String?,
        target: String,
        olderYears: ClosedRange<Int>,
        language: Language
    ) {
        precondition(!builds.isEmpty, "a brief of no builds")
        (self.builds, self.platform, self.task, self.target) = (builds, platform, task, target)
        (self.olderYears, self.language) = (olderYears, language)
    }

    private var best: BriefedBuild { builds[0] }

    /// The whole page.
    public var markdown: String {
        [title, table, preparation, integration, heatAndBattery, privacy].joined(separator: "\n\n") + "\n"
    }

    private var system: String { platform == .ios ? "iOS" : "Android" }

    private var title: String {
        let task = task.map { ", \($0)" } ?? ""
        let subject = "\(system)\(task), \(target)".markdownText
        return "# " + language.say("Local models for \(subject)", "Локальные модели для \(subject)")
    }

    // MARK: The table

    private var table: String {
        let say = language.say
        let framework = platform == .ios ? "llama.cpp (Metal)" : "llama.cpp (CPU)"
        let rows: [(String, (BriefedBuild) -> String)] = [
            (say("Model", "Модель"), { "**\($0.build.markdownText)**" }),
            (
                say("Format and bits", "Формат и биты"),
                { "GGUF \($0.quantType.markdownText), \(number($0.bitsPerWeight, 2))" }
            ),
            (say("File", "Файл"), { "\(ByteSize(bytes: $0.fileBytes))" }),
            (say("Memory, context \(best.estimate.context)", "Память, контекст \(best.estimate.context)"), memory),
            (say("Framework", "Движок"), { _ in framework }),
            (say("Quality", "Качество"), quality),
            (say("Speed, burst", "Скорость, коротко"), { speed($0.estimate.decode) }),
            (say("Speed after 10 minutes", "Скорость через 10 минут"), { speed($0.estimate.sustainedDecode) }),
            (say("Prompt", "Чтение запроса"), { speed($0.estimate.prefill) }),
            (say("Battery for 1000 tokens", "Батарея на 1000 токенов"), battery),
            (
                say(
                    "Phones of \(olderYears.lowerBound)–\(olderYears.upperBound)",
                    "Телефоны \(olderYears.lowerBound)–\(olderYears.upperBound) годов"
                ),
                { Judgement(build: $0, language: language).olderPhones }
            ),
            (say("Good for", "Подходит для"), { Judgement(build: $0, language: language).goodFor }),
            (say("Fails at", "Слабые места"), { Judgement(build: $0, language: language).failsAt }),
            (say("Licence", "Лицензия"), { $0.license.markdownText }),
        ]
        let head = "| | " + builds.indices.map { "\($0 + 1)" }.joined(separator: " | ") + " |"
        let rule = "|---|" + builds.map { _ in "---|" }.joined()
        let lines = rows.map { name, cell in
            "| \(name) | " + builds.map { cell($0).replacing("|", with: "\\|") }.joined(separator: " | ") + " |"
        }
        let note = say(
            "Speeds and battery are estimates, each with its range; `edgepipe query --explain` shows how they come about. "
                + (best.profile.kind == .language
                    ? "Quality is measured: bits per byte compares models, divergence only builds with their own original."
                    : "Quality is measured: cosine and neighbours compare builds with their own original, and no two models."),
            "Скорость и батарея — оценки с диапазоном; `edgepipe query --explain` показывает расчёт. "
                + (best.profile.kind == .language
                    ? "Качество измерено: биты на байт сравнивают модели, расхождение — только сборку с её исходной моделью."
                    : "Качество измерено: косинус и соседи сравнивают сборку с её исходной моделью, но не две модели.")
        )
        return ([head, rule] + lines + ["", note]).joined(separator: "\n")
    }

    private func memory(_ build: BriefedBuild) -> String {
        let total = build.estimate.memory.total
        return "\(ByteSize(bytes: total.mid)) (\(ByteSize(bytes: total.low)) – \(ByteSize(bytes: total.high)))"
    }

    private func quality(_ build: BriefedBuild) -> String {
        var parts: [String] = []
        if let bits = build.bitsPerByte {
            parts.append(language.say("\(number(bits, 4)) bits/byte", "\(number(bits, 4)) бит/байт"))
        }
        if let kld = build.kld {
            parts.append(language.say("divergence \(number(kld, 4))", "расхождение \(number(kld, 4))"))
        }
        if let cosine = build.meanCosine {
            parts.append(language.say("cosine \(number(cosine, 5))", "косинус \(number(cosine, 5))"))
        }
        if let overlap = build.top10OverlapPercent {
            parts.append(
                language.say("\(number(overlap, 1)) % of neighbours kept", "\(number(overlap, 1)) % соседей сохранено")
            )
        }
        return parts.isEmpty ? language.say("not measured", "не измерено") : parts.joined(separator: ", ")
    }

    /// The generation speed; a model that does not generate text has none.
    private func speed(_ range: RangeEstimate?) -> String {
        guard let range else { return "–" }
        let unit = language.say("token/s", "токенов/с")
        return "\(number(range.mid, 1)) \(unit) (\(number(range.low, 1)) – \(number(range.high, 1)))"
    }

    private func battery(_ build: BriefedBuild) -> String {
        guard let percent = build.estimate.batteryPercentPer1kTokens else {
            return build.estimate.decode == nil ? "–" : language.say("not known", "неизвестно")
        }
        let digits = percent.mid < 0.1 ? 4 : 2
        return "\(number(percent.mid, digits)) % (\(number(percent.low, digits)) – \(number(percent.high, digits)))"
    }

    // MARK: The steps

    private var preparation: String {
        let say = language.say
        let (build, file, type) = (best.build.shellWord, best.fileName.shellWord, best.quantType)
        let limit = ByteSize(bytes: best.estimate.limitBytes)
        let source = best.source.hasPrefix("hf://") ? String(best.source.dropFirst(5)) : best.source
        // Lines indented by four are code, which no text in them can end.
        return """
            ## \(say("Step 1: quantize and prepare", "Шаг 1: квантование и подготовка"))

            \(say("The build is in the registry already; take it out, verified:", "Сборка уже есть в реестре; взять её с проверкой:"))

                edgepipe pull \(build) -o \(file)

            \(say("To make it anew from the source, within \(limit):", "Собрать заново из исходной модели, в пределах \(limit):"))

                edgepipe quantize \(best.source.shellWord) -o \(file) --type \(type.lowercased().shellWord)

            \(say("The same with llama.cpp's own tools:", "То же средствами llama.cpp:"))

                python convert_hf_to_gguf.py \(source.shellWord) --outtype f16 --outfile f16.gguf
                llama-quantize f16.gguf \(file) \(type.shellWord)
            """
    }

    /// The calls of llama.cpp for embeddings, because the code of snippets generates text.
    private var embedding: String {
        let isReranker = best.profile.kind == .reranker
        let pooling = isReranker ? "LLAMA_POOLING_TYPE_RANK" : "LLAMA_POOLING_TYPE_UNSPECIFIED"
        let text = language.say(
            isReranker
                ? "A question and a document make one text, as the build's template or its separator says; the first number is the score."
                : "Each text is a sequence of its own; bring vectors to length one, and cosines are their products.",
            isReranker
                ? "Вопрос и документ образуют один текст по шаблону или разделителю сборки; первое число — оценка."
                : "Каждый текст — отдельная последовательность; приведите векторы к единичной длине, и косинус станет произведением."
        )
        return """
            ## \(language.say("Step 2: integrate", "Шаг 2: интеграция"))

            \(text)

                params.embeddings   = true;
                params.pooling_type = \(pooling);
                params.n_ubatch     = params.n_batch = params.n_ctx;
                llama_decode(context, batch);
                const float * vector = llama_get_embeddings_seq(context, 0);
            """
    }

    private var integration: String {
        guard best.profile.kind == .language else { return embedding }
        let kinds: [SnippetKind] = platform == .ios ? [.swift] : [.kotlin]
        let parts = kinds.map { kind in
            Snippet(kind, for: best).text.markdownBlock(language: kind.fence)
        }
        let others = language.say(
            "`edgepipe snippet \(best.build) --for react-native` and `--for flutter` print the same for those.",
            "`edgepipe snippet \(best.build) --for react-native` и `--for flutter` печатают то же для них."
        )
        return "## \(language.say("Step 2: integrate", "Шаг 2: интеграция"))\n\n"
            + parts.joined(separator: "\n\n") + "\n\n" + others
    }

    private var heatAndBattery: String {
        let say = language.say
        let states: [(String, String)] =
            platform == .ios
            ? [
                ("nominal", say("work as planned", "работать как задумано")),
                ("fair", say("no new background work", "не начинать фоновых задач")),
                (
                    "serious",
                    say(
                        "finish the sentence, then pause; shorter answers",
                        "закончить фразу и сделать паузу; отвечать короче"
                    )
                ),
                (
                    "critical",
                    say("stop, free the model, tell the user", "остановиться, выгрузить модель, сказать пользователю")
                ),
            ]
            : [
                ("NONE, LIGHT", say("work as planned", "работать как задумано")),
                (
                    "MODERATE",
                    say("no new background work; two threads fewer", "не начинать фоновых задач; на два потока меньше")
                ),
                (
                    "SEVERE",
                    say(
                        "finish the sentence, then pause; shorter answers",
                        "закончить фразу и сделать паузу; отвечать короче"
                    )
                ),
                (
                    "CRITICAL",
                    say("stop, free the model, tell the user", "остановиться, выгрузить модель, сказать пользователю")
                ),
            ]
        let factor = number(best.estimate.sustainedFactor.mid, 2)
        return """
            ## \(say("Heat and battery", "Нагрев и батарея"))

            - \(say(
                "Prefer short, discrete tasks to endless chat: after ten minutes without a pause about \(factor) of the speed is left.",
                "Лучше короткие отдельные задачи, чем бесконечный чат: через десять минут без паузы остаётся около \(factor) скорости."
            ))
            - \(say("Limit answers, let users stop them, and keep the model loaded between tasks rather than loading it anew.",
                "Ограничивать длину ответа, давать его остановить и держать модель загруженной между задачами."))
            - \(say("Read long inputs while the phone charges, or in pieces.", "Длинные тексты читать на зарядке или по частям."))

            | \(platform == .ios ? "thermalState" : "getCurrentThermalStatus()") | \(say("what to do", "что делать")) |
            |---|---|
            \(states.map { "| \($0.0) | \($0.1) |" }.joined(separator: "\n"))
            """
    }

    private var privacy: String {
        language.say(
            """
            ## What stays on the device

            Everything: the model's file, prompts, answers and the cache. The app needs no network after the file is there, and no \
            account. Deleting the app deletes all of it.
            """,
            """
            ## Что остаётся на устройстве

            Всё: файл модели, запросы, ответы и кэш. Когда файл загружен, приложению не нужна ни сеть, ни учётная запись. При \
            удалении приложения удаляется всё.
            """
        )
    }
}
