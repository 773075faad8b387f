import Architectures
import DeviceFit

/// The strengths and weaknesses of a build, from its numbers alone.
package struct Judgement {
    let build: BriefedBuild
    let language: Language

    /// Creates a value from its parts; each parameter is documented on its property.
    package init(build: BriefedBuild, language: Language) { (self.build, self.language) = (build, language) }

    package var goodFor: String {
        let billions = Double(build.profile.activeParameterCount) / 1e9
        var parts: [String] = []
        switch billions {
        case _ where build.estimate.decode == nil:
            parts.append(
                build.profile.kind == .reranker
                    ? language.say("ordering what a search found", "упорядочивание найденного поиском")
                    : language.say("search by meaning, clustering", "поиск по смыслу, кластеризация")
            )
        case ..<0.05:
            parts.append(language.say("tests of the pipeline and of the app", "проверка сборки и приложения"))
        case ..<1:
            parts.append(
                language.say(
                    "classification, extraction and short rewriting",
                    "классификация, извлечение данных, короткая правка текста"
                )
            )
        case ..<4.5:
            parts.append(
                language.say(
                    "summaries, rewriting and answers about a given text",
                    "краткое изложение, переписывание, ответы по данному тексту"
                )
            )
        default:
            parts.append(language.say("general questions and longer texts", "общие вопросы и длинные тексты"))
        }
        if let speed = build.estimate.decode, speed.mid >= 12 {
            parts.append(language.say("text appears faster than one reads", "текст появляется быстрее, чем его читают"))
        }
        if build.kld.map({ $0 < 0.005 }) ?? build.meanCosine.map({ $0 > 0.999 }) ?? false {
            parts.append(language.say("all but the quality of the original", "качество почти как у исходной модели"))
        }
        if FitEstimate.suitsAccelerators(build.profile, on: build.estimate) {
            parts.append(
                language.say(
                    "Hexagon and Adreno of Snapdragon phones, which take its type",
                    "Hexagon и Adreno в телефонах Snapdragon: они берут этот тип"
                )
            )
        }
        return parts.joined(separator: "; ")
    }

    package var failsAt: String {
        let billions = Double(build.profile.activeParameterCount) / 1e9
        var parts: [String] = []
        if build.estimate.decode == nil {
            parts.append(language.say("writing: it gives numbers, no text", "письмо: модель даёт числа, а не текст"))
        } else if billions < 1 {
            parts.append(
                language.say("reasoning in steps, facts, long texts", "рассуждения по шагам, факты, длинные тексты")
            )
        } else if billions < 4.5 {
            parts.append(
                language.say("rare facts, arithmetic, long reasoning", "редкие факты, вычисления, долгие рассуждения")
            )
        } else {
            parts.append(language.say("phones with little memory", "телефоны с малой памятью"))
        }
        if let speed = build.estimate.decode, speed.mid < 5 {
            parts.append(
                language.say("conversation: it writes slower than one reads", "диалог: пишет медленнее, чем читают")
            )
        }
        if let kld = build.kld, kld >= 0.05 {
            parts.append(
                language.say(
                    "quantization changed it noticeably: divergence \(number(kld, 3)) nats a token",
                    "квантование заметно её изменило: расхождение \(number(kld, 3)) нат на токен"
                )
            )
        }
        if let fallback = build.profile.fallback {
            let (percent, types) = (number(fallback.share * 100, 0), fallback.types.joined(separator: ", "))
            parts.append(
                language.say(
                    "\(percent) % of its layers' weights fell back to \(types)",
                    "\(percent) % весов слоёв получили запасной тип \(types)"
                )
            )
        }
        if FitEstimate.slowness(of: build.profile, on: build.estimate) != nil {
            parts.append(
                language.say("its type is slow on Android's processors", "этот тип медленный на процессорах Android")
            )
        }
        return parts.joined(separator: "; ")
    }

    /// The performance on phones that are three to four years old.
    package var olderPhones: String {
        let all = build.olderPhones
        guard !all.isEmpty else { return "-" }
        let fitting = all.filter { $0.verdict != .doesNotFit }
        guard !fitting.isEmpty else {
            return language.say("fits none of \(all.count)", "не помещается ни на один из \(all.count)")
        }
        let speeds = fitting.map(\.speed.mid).sorted()
        let span = "\(number(speeds.first ?? 0, 1)) – \(number(speeds.last ?? 0, 1))"
        return language.say(
            "fits \(fitting.count) of \(all.count), \(span) token/s",
            "помещается на \(fitting.count) из \(all.count), \(span) токенов/с"
        )
    }
}

/// A number with this many digits after the decimal mark.
package func number(_ value: Double, _ digits: Int) -> String {
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    guard value.isFinite, abs(value) * scale < 1e15 else { return "?" }
    let whole = Int((abs(value) * scale).rounded())
    let sign = value < 0 && whole > 0 ? "-" : ""
    let text = String(repeating: "0", count: max(0, digits + 1 - "\(whole)".count)) + "\(whole)"
    return digits == 0 ? sign + text : sign + text.dropLast(digits) + "." + text.suffix(digits)
}
