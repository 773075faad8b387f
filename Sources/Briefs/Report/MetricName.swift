/// The registry's names of numbers, and their words for people.
enum MetricName {
    static let bitsPerByte = "bitsPerByte"
    static let meanKLD = "meanKLD"

    /// A number of an unknown name keeps it.
    static func words(_ name: String, _ language: Language) -> String {
        let say = language.say
        return switch name {
        case bitsPerByte: say("Bits per byte", "Биты на байт")
        case "perplexity": say("Perplexity", "Перплексия")
        case meanKLD: say("KL divergence, mean", "KL-расхождение, среднее")
        case "medianKLD": say("KL divergence, median", "KL-расхождение, медиана")
        case "p99KLD": say("KL divergence, 99 %", "KL-расхождение, 99 %")
        case "maxKLD": say("KL divergence, largest", "KL-расхождение, наибольшее")
        case "sameTopPercent": say("Same top token", "Тот же первый токен")
        case "meanDeltaPercent": say("Change of probability, mean", "Изменение вероятности, среднее")
        case "rmsDeltaPercent": say("Change of probability, RMS", "Изменение вероятности, RMS")
        case "accuracyPercent": say("Accuracy", "Точность")
        case "normalizedAccuracyPercent": say("Accuracy, by length", "Точность с учётом длины")
        default: name
        }
    }

    static func unit(_ unit: String, _ language: Language) -> String {
        switch unit {
        case "bit/byte": language.say("bit/byte", "бит/байт")
        case "nat/token": language.say("nat/token", "нат/токен")
        default: unit
        }
    }
}
