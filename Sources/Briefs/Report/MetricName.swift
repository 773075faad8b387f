import Registry

/// Readable names of the registry's metrics.
enum MetricName {
    /// The readable name of a metric; an unknown metric keeps its own.
    static func words(_ name: String, _ language: Language) -> String {
        let say = language.say
        return switch name {
        case Metric.bitsPerByte: say("Bits per byte", "Биты на байт")
        case Metric.perplexity: say("Perplexity", "Перплексия")
        case Metric.meanKLD: say("KL divergence, mean", "KL-расхождение, среднее")
        case Metric.medianKLD: say("KL divergence, median", "KL-расхождение, медиана")
        case Metric.p99KLD: say("KL divergence, 99 %", "KL-расхождение, 99 %")
        case Metric.maxKLD: say("KL divergence, largest", "KL-расхождение, наибольшее")
        case Metric.sameTopPercent: say("Same top token", "Тот же первый токен")
        case Metric.meanDeltaPercent: say("Change of probability, mean", "Изменение вероятности, среднее")
        case Metric.rmsDeltaPercent: say("Change of probability, RMS", "Изменение вероятности, RMS")
        case Metric.accuracyPercent: say("Accuracy", "Точность")
        case Metric.normalizedAccuracyPercent: say("Accuracy, by length", "Точность с учётом длины")
        case Metric.answeredPercent: say("Questions answered properly", "Вопросы с правильно завершённым ответом")
        case Metric.meanCosine: say("Cosine, mean", "Косинус, средний")
        case Metric.minCosine: say("Cosine, least", "Косинус, наименьший")
        case Metric.top10OverlapPercent: say("Same ten nearest texts", "Те же десять ближайших текстов")
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
