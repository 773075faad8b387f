import Briefs
import DeviceFit
import Foundation

/// Numbers, sizes, dates and counts in a page's language.
package struct SiteWords: Sendable {
    let language: Language

    package init(language: Language) { self.language = language }

    /// Returns the sentence in the page's language; the source has every sentence in all languages, side by side.
    func callAsFunction(_ english: String, _ russian: String) -> String { language.say(english, russian) }

    /// A number with this many digits after the decimal mark.
    package func number(_ value: Double, _ digits: Int) -> String { localized(Briefs.number(value, digits)) }

    /// A number with this many significant digits.
    func figure(_ value: Double, _ digits: Int) -> String { localized(significant(value, digits)) }

    /// An estimate with three significant digits, or all digits before the decimal mark.
    func estimate(_ value: Double) -> String {
        number(value, value >= 100 ? 0 : value >= 10 ? 1 : value >= 0.1 ? 2 : 4)
    }

    /// A size: `1.2 GB`, or `1,2 ГБ`; a no-break space joins the number and its unit.
    package func size(_ bytes: Int) -> String { language.size(bytes).replacing(" ", with: "\u{a0}") }

    /// A number without trailing zeros: `1.5`, `3`.
    func plain(_ value: Double) -> String {
        localized(value == value.rounded() ? Briefs.number(value, 0) : Briefs.number(value, 1))
    }

    private func localized(_ text: String) -> String { language.decimal(text) }

    /// A date in UTC: `30 Nov 2026`.
    package func date(_ date: Date) -> String {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        let parts = calendar.dateComponents([.day, .month, .year], from: date)
        let english = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let russian = [
            "января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября", "ноября",
            "декабря",
        ]
        let month = (parts.month ?? 1) - 1
        return [
            "\(parts.day ?? 0)", self(english[month], russian[month]), "\(parts.year ?? 0)",
        ].joined(separator: "\u{a0}")
    }

    /// A number with its noun. English has two forms, Russian three.
    func count(_ number: Int, _ english: (one: String, many: String), _ russian: Russian) -> String {
        let noun = self(number == 1 ? english.one : english.many, russian.form(for: number))
        return "\(number)\u{a0}\(noun)"
    }

    /// The forms of a Russian noun after 1, 2 and 5.
    struct Russian {
        let (one, few, many): (String, String, String)

        init(_ one: String, _ few: String, _ many: String) { (self.one, self.few, self.many) = (one, few, many) }

        func form(for number: Int) -> String {
            let (tens, ones) = (abs(number) % 100, abs(number) % 10)
            if (11...14).contains(tens) { return many }
            return ones == 1 ? one : (2...4).contains(ones) ? few : many
        }
    }

    package func builds(_ number: Int) -> String {
        count(number, ("build", "builds"), Russian("сборка", "сборки", "сборок"))
    }

    func models(_ number: Int) -> String {
        count(number, ("model", "models"), Russian("модель", "модели", "моделей"))
    }

    func versions(_ number: Int) -> String {
        count(number, ("version", "versions"), Russian("версия", "версии", "версий"))
    }

    func devices(_ number: Int) -> String {
        count(number, ("device", "devices"), Russian("устройство", "устройства", "устройств"))
    }

    func system(_ platform: Platform) -> String { platform == .ios ? "iOS" : "Android" }

    func confidence(_ confidence: Confidence) -> String {
        switch confidence {
        case .high: self("high", "высокая")
        case .medium: self("medium", "средняя")
        case .low: self("low", "низкая")
        }
    }

    func verdict(_ verdict: FitVerdict) -> String {
        switch verdict {
        case .fits: self("fits", "помещается")
        case .tight: self("tight", "впритык")
        case .doesNotFit: self("does not fit", "не помещается")
        }
    }

    var perSecond: String { self("token/s", "токенов/с") }
}
