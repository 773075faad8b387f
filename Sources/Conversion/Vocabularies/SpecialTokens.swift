import BinaryIO
import GGUF

/// Which tokens have a role, whether they are added to a text, and the chat template.
///
/// Read in the reference converter's order of precedence: the post-processor of tokenizer.json over
/// tokenizer_config.json, and that over config.json.
struct SpecialTokens {
    private static let roles = ["bos", "eos", "unk", "sep", "pad", "cls", "mask"]
    private static let keys = [
        "bos": "bos_token_id", "eos": "eos_token_id", "unk": "unknown_token_id", "sep": "seperator_token_id",
        "pad": "padding_token_id", "cls": "cls_token_id", "mask": "mask_token_id",
    ]

    private var ids: [(role: String, id: Int)] = []
    private var added: [(role: String, isAdded: Bool)] = []
    private var templates: [(name: String, text: String)] = []

    /// - Parameter vocabularyCount: ids from here on are left out.
    init(_ folder: HuggingFaceFolder, vocabularyCount: Int) throws {
        let tokenizer = try folder.json("tokenizer.json")
        let settings = try folder.json("tokenizer_config.json")
        let config = folder.config.json
        if let processor = tokenizer?["post_processor"], let settings {
            readPostProcessor(processor, settings)
        }
        let tokenIDs = Self.ids(in: tokenizer)
        for role in settings == nil ? [] : Self.roles {
            if let flag = settings?["add_\(role)_token"]?.bool { setAdded(role, flag) }
            if let text = Self.text(settings?["\(role)_token"]) { setID(role, tokenIDs[text], vocabularyCount) }
        }
        for role in Self.roles { setID(role, config["\(role)_token_id"]?.integer, vocabularyCount) }
        templates = try Self.templates(folder, settings)
    }

    func write(to metadata: inout Metadata) {
        for (role, id) in ids {
            guard let key = Self.keys[role] else { continue }
            metadata.set("tokenizer.ggml.\(key)", .uint32(UInt32(id)))
        }
        for (role, isAdded) in added { metadata.set("tokenizer.ggml.add_\(role)_token", .bool(isAdded)) }
        let named = templates.filter { $0.name != "default" }
        if !named.isEmpty {
            metadata.set("tokenizer.chat_templates", .array(.string(named.map(\.name).sorted())))
        }
        for (name, text) in named { metadata.set("tokenizer.chat_template.\(name)", .string(text)) }
        if let standard = templates.first(where: { $0.name == "default" }) {
            metadata.set("tokenizer.chat_template", .string(standard.text))
        }
    }

    /// Whether a token is spelled like one that no text should contain, whatever the files say of it.
    static func looksSpecial(_ text: String) -> Bool {
        ["<pad>", "<mask>", "<2mass>", "[@BOS@]"].contains(text)
            || (text.hasPrefix("<|") && text.hasSuffix("|>"))
            || (text.hasPrefix("<｜") && text.hasSuffix("｜>"))
            || (text.hasPrefix("<unused") && text.hasSuffix(">"))
    }

    /// The token with spaces in place of SentencePiece's mark for them.
    static func withPlainSpaces(_ text: String) -> String {
        String(text.map { $0 == "\u{2581}" ? " " : $0 })
    }

    private mutating func setID(_ role: String, _ id: Int?, _ vocabularyCount: Int) {
        guard let id, (0..<vocabularyCount).contains(id), !ids.contains(where: { $0.role == role }) else { return }
        ids.append((role, id))
    }

    /// The first word counts, so that the post-processor wins.
    private mutating func setAdded(_ role: String, _ isAdded: Bool) {
        guard !added.contains(where: { $0.role == role }) else { return }
        added.append((role, isAdded))
    }

    /// What the post-processor puts before and after a text.
    private mutating func readPostProcessor(_ processor: JSONValue, _ settings: JSONValue) {
        let beginning = Self.text(settings["bos_token"]) ?? Self.text(settings["cls_token"])
        let end = Self.text(settings["eos_token"]) ?? Self.text(settings["sep_token"])
        for part in processor["processors"]?.array ?? [processor] {
            switch part["type"]?.string {
            case "ByteLevel":
                setAdded("bos", false)
                setAdded("eos", false)
            case "TemplateProcessing":
                let single = part["single"]?.array ?? []
                guard single.count > 1 else { continue }
                if let first = single[0]["SpecialToken"]?["id"]?.string {
                    replaceAdded("bos", beginning == nil || first == beginning)
                }
                if let last = single[single.count - 1]["SpecialToken"]?["id"]?.string {
                    replaceAdded("eos", end == nil || last == end)
                }
            default:
                break
            }
        }
    }

    /// A template says more than the byte-level defaults before it.
    private mutating func replaceAdded(_ role: String, _ isAdded: Bool) {
        if let index = added.firstIndex(where: { $0.role == role }) {
            added[index].isAdded = isAdded
        } else {
            added.append((role, isAdded))
        }
    }

    private static func ids(in tokenizer: JSONValue?) -> [String: Int] {
        let entries = (tokenizer?["added_tokens"]?.array ?? []).compactMap { entry -> (String, Int)? in
            guard let text = entry["content"]?.string, let id = entry["id"]?.integer else { return nil }
            return (text, id)
        }
        return Dictionary(entries, uniquingKeysWith: { first, _ in first })
    }

    /// A token's text, given plainly or in an object.
    private static func text(_ value: JSONValue?) -> String? { value?.string ?? value?["content"]?.string }

    private static func templates(
        _ folder: HuggingFaceFolder,
        _ settings: JSONValue?
    ) throws -> [(name: String, text: String)] {
        guard let settings else { return [] }
        if let text = settings["chat_template"]?.string { return [("default", text)] }
        if let list = settings["chat_template"]?.array {
            return list.compactMap { entry in
                guard let name = entry["name"]?.string, let text = entry["template"]?.string else { return nil }
                return (String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" }), text)
            }
        }
        if let bytes = try folder.bytes("chat_template.jinja") {
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw ConversionProblem.invalidVocabulary(file: "chat_template.jinja", reason: "it is not valid UTF-8")
            }
            return [("default", text)]
        }
        if let text = try folder.json("chat_template.json")?["chat_template"]?.string { return [("default", text)] }
        return []
    }
}
