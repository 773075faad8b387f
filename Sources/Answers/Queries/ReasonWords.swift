import Architectures
import BinaryIO
import Briefs
import DeviceFit

/// The words of a query's reasons and remarks, in its language.
struct ReasonWords: Sendable {
    let language: Language

    private func say(_ english: String, _ russian: String) -> String { language.say(english, russian) }
    private func size(_ bytes: Int) -> String { language.size(bytes) }
    private func number(_ value: Double, _ digits: Int) -> String { language.decimal(value.formatted(digits)) }

    func fileTooLarge(_ bytes: Int, over limit: ByteSize) -> String {
        say(
            "the file has \(size(bytes)), over \(size(limit.bytes))",
            "файл занимает \(size(bytes)) — больше \(size(limit.bytes))"
        )
    }

    func otherLicense(_ license: String, than wanted: String) -> String {
        say("its licence is \(license), not \(wanted)", "лицензия — \(license), а не \(wanted)")
    }

    func notTagged(_ missing: [String], own: [String]) -> String {
        let (missing, tags) = (missing.joined(separator: ", "), own.joined(separator: ", "))
        return say("it is not tagged \(missing)", "нет меток: \(missing)")
            + (own.isEmpty
                ? say("; it has no tags", "; меток нет вообще")
                : say("; its tags are \(tags)", "; есть метки: \(tags)"))
    }

    var takesNoImages: String {
        say(
            "it takes no images: no projector was published with it",
            "не принимает изображения: проектор с ней не опубликован"
        )
    }

    func otherKind(_ own: ModelKind, than kind: ModelKind) -> String {
        say(
            "it is \(own.words), which is not ranked with \(kind.words); ask for it with \(setting: "kind", own.rawValue)",
            "это \(russian(own)), её не сравнить с другим видом моделей (\(russian(kind))); запросите отдельно: "
                + "\(setting: "kind", own.rawValue)"
        )
    }

    private func russian(_ kind: ModelKind) -> String {
        switch kind {
        case .language: "языковая модель"
        case .embedding: "модель эмбеддингов"
        case .reranker: "модель-реранкер"
        }
    }

    func contextTooLong(_ context: Int, trainedFor trained: Int) -> String {
        say(
            "it was trained for \(trained) tokens of context; \(context) were asked for",
            "обучена на контексте в \(trained) токенов, а нужно \(context)"
        )
    }

    var shapeUnknown: String {
        say(
            "its shape is not in the registry, so that nothing can be estimated; publish it again",
            "в реестре нет её устройства, поэтому оценить её нельзя; опубликуйте её заново"
        )
    }

    var damaged: String {
        say(
            "its bytes are lost or damaged; publish the same file again",
            "её файл утерян или повреждён; опубликуйте тот же файл ещё раз"
        )
    }

    func measured(on devices: [String]) -> String {
        let names = devices.joined(separator: ", ")
        return say("measured, not estimated, on \(names)", "измерено, а не оценено: \(names)")
    }

    /// - Parameter prefix: the device, if several were named.
    func tight(_ estimate: FitEstimate, _ prefix: String) -> String {
        let total = estimate.memory.total
        return say(
            "tight: \(prefix)\(estimate.reason)",
            "впритык: \(prefix)пик памяти от \(size(total.low)) до \(size(total.high)), доступно \(size(estimate.limitBytes))"
        )
    }

    func over(_ estimate: FitEstimate, device: String?) -> String {
        let (peak, limit) = (size(estimate.memory.total.mid), size(estimate.limitBytes))
        return say(
            "peak \(peak) at context \(estimate.context) is over \(limit), "
                + (device.map { "what an app on \($0) may use" } ?? "the budget"),
            "пик \(peak) при контексте \(estimate.context) больше \(limit) — "
                + (device.map { "столько доступно приложению на \($0)" } ?? "столько памяти задано")
        )
    }

    func slow(_ speed: Double, under wanted: Double) -> String {
        say(
            "about \(number(speed, 1)) tokens a second are under \(number(wanted, 1))",
            "около \(number(speed, 1)) токена в секунду — меньше \(number(wanted, 1))"
        )
    }

    func slowLater(_ speed: Double, under wanted: Double) -> String {
        say(
            "about \(number(speed, 1)) tokens a second after ten minutes are under \(number(wanted, 1))",
            "через десять минут около \(number(speed, 1)) токена в секунду — меньше \(number(wanted, 1))"
        )
    }

    func drains(_ percent: Double, over wanted: Double) -> String {
        say(
            "about \(number(percent, 3)) % of the battery for 1000 tokens are over \(number(wanted, 3)) %",
            "около \(number(percent, 3)) % батареи на 1000 токенов — больше \(number(wanted, 3)) %"
        )
    }

    var writesNothing: String {
        say(
            "it writes no tokens that would take of the battery; leave \(setting: "max-battery") out",
            "она не генерирует токены, на которые уходила бы батарея; уберите \(setting: "max-battery")"
        )
    }

    var batteryUnknown: String {
        say("what it takes of the battery is not known", "расход батареи неизвестен")
    }

    // MARK: Remarks of a ranking

    func beaten(by other: String) -> String {
        say("\(other) is no larger and better", "\(other) не больше и лучше")
    }

    var otherText: String {
        say(
            "its quality was not measured on the same text as the others'",
            "её качество измерено не на том тексте, что у остальных"
        )
    }

    /// - Parameter isBits: whether quality is bits per byte; otherwise it is a cosine.
    func asGood(as other: String, isBits: Bool) -> String {
        let step = isBits ? "thousandth of a bit per byte" : "ten-thousandth of the cosine"
        let russian = isBits ? "тысячной бита на байт" : "десятитысячной косинуса"
        return say(
            "as good as \(other) to a \(step), and slower",
            "по качеству равна \(other) с точностью до \(russian), но медленнее"
        )
    }

    /// Returns the remark on weights that fell back to another type; nil for none.
    func fallback(_ profile: ModelProfile) -> String? {
        guard language == .russian else { return profile.fallbackRemark }
        return profile.fallback.map { fallback in
            let percent = number(fallback.share * 100, 0)
            return "\(percent) % весов слоёв получили запасной тип \(fallback.types.joined(separator: ", "))"
        }
    }

    /// Returns the remark on a projector's memory; nil for a model without one.
    func projector(_ profile: ModelProfile) -> String? {
        guard language == .russian else { return profile.projector?.remark }
        return profile.projector.map { projector in
            let name = projector.published?.type ?? "проектором"
            return "принимает изображения с \(name)" + ", ещё \(size(projector.memoryBytes)) памяти"
        }
    }

    /// Returns the remark on a type that is slow; nil if it is not.
    func slowness(_ profile: ModelProfile, _ estimate: FitEstimate) -> String? {
        guard let english = FitEstimate.slowness(of: profile, on: estimate) else { return nil }
        return say(english, "тип \(profile.quantType) медленный на процессорах Android")
    }
}
