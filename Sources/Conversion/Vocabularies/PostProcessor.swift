import BinaryIO

/// The special tokens in tokenizer.json's post-processor: which are added around a text, and which have a role.
///
/// The rules are the reference converter's, including their order, because engines are tuned to its files.
struct PostProcessor {
    /// The roles to look up; a template that ends with another token than EOS adds more.
    private(set) var roles = ["bos", "eos", "unk", "sep", "pad", "cls", "mask"]
    /// The token of each role: a text, or an object that contains it.
    private(set) var tokens: [String: JSONValue] = [:]
    /// Whether each role's token is added to a text, in the order of discovery.
    private(set) var added: [(role: String, isAdded: Bool)] = []

    /// - Parameters:
    ///   - tokenizer: tokenizer.json; nil if it does not exist.
    ///   - settings: tokenizer_config.json; nil if it does not exist.
    init(_ tokenizer: JSONValue?, _ settings: JSONValue?) {
        for role in roles + ["eot", "eom"] {
            if let token = settings?["\(role)_token"], !token.isNull { tokens[role] = token }
        }
        guard let tokenizer else { return }
        tokens["bos"] = filled("bos") ?? tokens["cls"]
        tokens["eos"] = filled("eos") ?? tokens["sep"]
        guard let processor = tokenizer["post_processor"], !processor.isNull else { return }
        for part in processor["processors"]?.array ?? [processor] { read(part) }
    }

    /// Sets whether a role's token is added, unless it is set already; the post-processor thus takes precedence.
    mutating func setDefault(_ role: String, _ isAdded: Bool) {
        if !added.contains(where: { $0.role == role }) { added.append((role, isAdded)) }
    }

    private mutating func set(_ role: String, _ isAdded: Bool) {
        if let index = added.firstIndex(where: { $0.role == role }) {
            added[index].isAdded = isAdded
        } else {
            added.append((role, isAdded))
        }
    }

    /// The token; nil if it is empty.
    private func filled(_ role: String) -> JSONValue? { tokens[role].flatMap { $0 == .string("") ? nil : $0 } }

    private func plays(_ role: String, _ text: String) -> Bool { tokens[role] == .string(text) }

    private mutating func read(_ part: JSONValue) {
        switch part["type"]?.string {
        case "ByteLevel":
            setDefault("bos", false)
            setDefault("eos", false)
        case "RobertaProcessing":
            for role in ["bos", "eos", "sep"] { set(role, true) }
            if filled("cls") == nil { tokens["cls"] = part["cls"]?.array?.first ?? tokens["bos"] }
            if filled("sep") == nil { tokens["sep"] = part["sep"]?.array?.first ?? tokens["eos"] }
        case "TemplateProcessing":
            readTemplate(part["single"]?.array ?? [], pair: part["pair"]?.array ?? [])
        default:
            break
        }
    }

    private mutating func readTemplate(_ single: [JSONValue], pair: [JSONValue]) {
        func special(_ entry: JSONValue?) -> String? {
            entry?["SpecialToken"]?["id"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        }
        var (first, last): (String?, String?) = (nil, nil)
        if single.count > 1 {
            first = special(single.first)
            last = special(single.last)
        }
        if let first {
            if !plays("bos", first), !plays("cls", first) {
                if filled("bos") == nil { tokens["bos"] = .string(first) }
                if filled("cls") == nil { tokens["cls"] = .string(first) }
            }
            set("bos", plays("bos", first) || plays("cls", first))
        }
        if let last {
            if !plays("eos", last) { replaceEnd(by: last) }
            set("eos", true)
        }
        guard !pair.isEmpty else { return }
        // The tokens between the two texts, without those around them.
        let start = first != nil && special(pair.first) == first ? 1 : 0
        let end = last != nil && special(pair.last) == last ? pair.count - 1 : pair.count
        guard start < end, end - start > 2, pair[start]["Sequence"]?["id"]?.string == "A",
            pair[end - 1]["Sequence"]?["id"]?.string == "B"
        else { return }
        let middle = pair[(start + 1)..<(end - 1)].map { special($0) }
        func separates(_ text: String?) -> Bool { text.map { plays("sep", $0) || plays("eos", $0) } ?? false }
        let isSeparated = (separates(middle[0]) && last == nil) || (middle.count == 2 && separates(middle[1]))
        set("sep", isSeparated)
        if isSeparated, filled("sep") == nil { tokens["sep"] = tokens["eos"] }
    }

    /// Makes the former EOS the end of a turn.
    private mutating func replaceEnd(by text: String) {
        if let role = ["eot", "eom"].first(where: { !roles.contains($0) }) {
            roles.append(role)
            tokens[role] = tokens["eos"]
        }
        tokens["eos"] = .string(text)
    }
}
