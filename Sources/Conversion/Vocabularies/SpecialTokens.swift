import BinaryIO
import GGUF

/// The tokens with roles, whether they are added to a text, and the chat template.
///
/// Read in the reference converter's order of precedence: the post-processor of tokenizer.json, then
/// tokenizer_config.json, then config.json.
struct SpecialTokens {
    private static let keys = [
        "bos": "bos_token_id", "eos": "eos_token_id", "unk": "unknown_token_id", "sep": "seperator_token_id",
        "pad": "padding_token_id", "mask": "mask_token_id", "eot": "eot_token_id", "eom": "eom_token_id",
    ]
    /// The roles with a key that says whether their token is added to a text.
    private static let addable: Set<String> = ["bos", "eos", "sep"]

    private var ids: [(role: String, id: Int)] = []
    private var added: [(role: String, isAdded: Bool)] = []
    private let templates: [(name: String, text: String)]
    private let normalizer: NormalizerFlags

    /// - Parameter vocabularyCount: ids from this one on are left out; nil keeps all.
    init(_ files: TokenizerFiles, vocabularyCount: Int?) throws {
        let (tokenizer, settings) = (files.tokenizer, files.settings)
        templates = try ChatTemplates.read(files)
        normalizer = NormalizerFlags(tokenizer?["normalizer"])
        var processor = PostProcessor(tokenizer, settings)
        let tokenIDs = Self.ids(in: tokenizer)
        for role in settings == nil ? [] : processor.roles {
            if let flag = settings?["add_\(role)_token"]?.bool { processor.setDefault(role, flag) }
            if let text = Self.text(processor.tokens[role]) { setID(role, tokenIDs[text], vocabularyCount) }
        }
        for role in processor.roles { setID(role, files.folder.config.tokenID(role), vocabularyCount) }
        added = processor.added.filter { Self.addable.contains($0.role) }
    }

    func write(to metadata: inout Metadata) {
        for (role, id) in ids {
            guard let key = Self.keys[role] else { continue }
            metadata.set("tokenizer.ggml.\(key)", .uint32(UInt32(id)))
        }
        for (role, isAdded) in added { metadata.set("tokenizer.ggml.add_\(role)_token", .bool(isAdded)) }
        let named = templates.filter { $0.name != "default" }
        for (name, text) in named { metadata.set("tokenizer.chat_template.\(name)", .string(text)) }
        if !named.isEmpty, metadata["tokenizer.chat_templates"] == nil {
            metadata.set("tokenizer.chat_templates", .array(.string(named.map(\.name).sorted())))
        }
        if let standard = templates.first(where: { $0.name == "default" }) {
            metadata.set("tokenizer.chat_template", .string(standard.text))
        }
        for (key, flag) in [("lowercase", normalizer.lowercase), ("strip_accents", normalizer.stripsAccents)] {
            if let flag { metadata.set("tokenizer.ggml.normalizer.\(key)", .bool(flag)) }
        }
    }

    /// Whether a token looks like a special one that no text should contain, whatever the files say.
    static func looksSpecial(_ text: String) -> Bool {
        ["<pad>", "<mask>", "<2mass>", "[@BOS@]"].contains(text)
            || (text.hasPrefix("<|") && text.hasSuffix("|>"))
            || (text.hasPrefix("<｜") && text.hasSuffix("｜>"))
            || (text.hasPrefix("<unused") && text.hasSuffix(">"))
    }

    /// - Throws: `ConversionProblem.invalidVocabulary` if two added tokens have the same id, because only one could be
    ///   kept.
    static func refuseSharedIDs(_ added: [(text: String, id: Int)], file: String) throws {
        var texts: [Int: String] = [:]
        for (text, id) in added {
            guard let other = texts.updateValue(text, forKey: id), other != text else { continue }
            throw ConversionProblem.invalidVocabulary(
                file: file,
                reason: "its added tokens '\(other)' and '\(text)' have the same id \(id)"
            )
        }
    }

    /// The token with spaces instead of SentencePiece's mark for them.
    static func withPlainSpaces(_ text: String) -> String {
        String(text.map { $0 == "\u{2581}" ? " " : $0 })
    }

    /// Assigns a role to a token, unless the role is taken.
    mutating func setID(_ role: String, _ id: Int?, _ vocabularyCount: Int?) {
        guard let id, id >= 0, id < vocabularyCount ?? Int(UInt32.max), !ids.contains(where: { $0.role == role }) else {
            return
        }
        ids.append((role, id))
    }

    private static func ids(in tokenizer: JSONValue?) -> [String: Int] {
        let entries = (tokenizer?["added_tokens"]?.array ?? []).compactMap { entry -> (String, Int)? in
            guard let text = entry["content"]?.string, let id = entry["id"]?.integer else { return nil }
            return (text, id)
        }
        return Dictionary(entries, uniquingKeysWith: { first, _ in first })
    }

    /// A token's text, given directly or in an object.
    private static func text(_ value: JSONValue?) -> String? { value?.string ?? value?["content"]?.string }
}
