import Answers
import Architectures
import Briefs
import DeviceFit
import Registry

/// An invalid field, with a message in the page's language.
struct FieldProblem {
    let name: QueryFields.Name
    let words: Markup
}

extension QueryFields {
    /// The fields with implied values filled in: a device determines its system, and a system without memory means the
    /// usual amount.
    var completed: QueryFields {
        var fields = self
        if fields[.device] != nil {
            fields[.platform] = nil
        } else if fields[.platform] != nil, fields[.ram] == nil {
            fields[.ram] = Self.usualMemory
        }
        return fields
    }

    /// The memory that most phones give an app today.
    static let usualMemory = "3GB"

    /// The query that the fields describe, and their errors.
    func query(in session: RegistrySession, _ words: SiteWords) throws -> (query: BuildQuery, problems: [FieldProblem])
    {
        var query = BuildQuery()
        query.language = words.language
        var problems: [FieldProblem] = []
        func problem(_ name: Name, _ english: String, _ russian: String) {
            problems.append(FieldProblem(name: name, words: "\(words(english, russian))"))
        }
        func size(_ name: Name) -> ByteSize? {
            guard let text = self[name] else { return nil }
            guard let size = try? ByteSize(ofModel: text) else {
                problem(
                    name,
                    "“\(text)” is not a size. Write a number with its unit, such as 3GB or 512MiB.",
                    "«\(text)» — не размер. Напишите число с единицей, например 3GB или 512MiB."
                )
                return nil
            }
            return size
        }
        func number(_ name: Name, _ range: ClosedRange<Double>) -> Double? {
            guard let text = self[name] else { return nil }
            // Russian uses a decimal comma.
            guard let value = Double(text.replacing(",", with: ".")), range.contains(value) else {
                problem(
                    name,
                    "“\(text)” is not a number from \(words.plain(range.lowerBound)) to \(words.plain(range.upperBound)).",
                    "«\(text)» — не число от \(words.plain(range.lowerBound)) до \(words.plain(range.upperBound))."
                )
                return nil
            }
            return value
        }
        (query.ram, query.maxSize) = (size(.ram), size(.maxSize))
        query.minSpeed = number(.minSpeed, 0...10_000)
        query.context = number(.context, 1...10_000_000).map { Int($0) }
        query.license = self[.license]
        if let text = self[.platform] {
            query.platform = Platform(rawValue: text.lowercased())
            if query.platform == nil {
                problem(.platform, "“\(text)” is neither android nor ios.", "«\(text)» — не android и не ios.")
            }
        }
        if let text = self[.kind] {
            query.kind = ModelKind(rawValue: text)
            if query.kind == nil { problem(.kind, "“\(text)” is not a kind of model.", "Вида моделей «\(text)» нет.") }
        }
        if let text = self[.device] {
            do {
                query.devices = [try session.catalogue().device(text).id]
            } catch DeviceFitError.ambiguousDevice(_, let ids) {
                let list = ids.joined(separator: ", ")
                problem(.device, "“\(text)” may be any of \(list).", "«\(text)» может быть любым из: \(list).")
            } catch DeviceFitError.unknownDevice(_, let near) {
                let list = near.joined(separator: ", ")
                problem(
                    .device,
                    "There is no device “\(text)” in the catalogue." + (near.isEmpty ? "" : " Did you mean \(list)?"),
                    "Устройства «\(text)» в каталоге нет." + (near.isEmpty ? "" : " Может быть, \(list)?")
                )
            }
        }
        if let text = self[.model] {
            query.model = text
            if try !session.registry.modelNames().contains(text) {
                problem(.model, "There is no model “\(text)”.", "Модели «\(text)» нет.")
            }
        }
        if let text = self[.channel] {
            query.channel = text
            if try !session.registry.channelNames().contains(text) {
                problem(.channel, "There is no channel “\(text)”.", "Канала «\(text)» нет.")
            }
        }
        if query.minSpeed != nil, query.ram == nil, query.devices.isEmpty, problems.isEmpty {
            problem(
                .minSpeed,
                "A speed needs a phone: choose a system or a device.",
                "Скорость зависит от телефона: выберите систему или устройство."
            )
        }
        if query.ram != nil, query.platform == nil, query.devices.isEmpty, problems.isEmpty {
            problem(
                .platform,
                "Choose Android or iOS: what counts as memory differs.",
                "Выберите Android или iOS: память они считают по-разному."
            )
        }
        return (query, problems)
    }
}
