import BinaryIO

/// A model's chat templates, from the first of four places that has any.
enum ChatTemplates {
    /// The templates by name; the one used by default is called "default".
    /// - Throws: `ConversionProblem`.
    static func read(_ files: TokenizerFiles) throws -> [(name: String, text: String)] {
        guard let settings = files.settings else { return [] }
        // Null counts as absent, as in transformers; the reference treats it as a model without a template.
        if let template = settings["chat_template"], !template.isNull { return named(template) }
        if let text = try text(of: "chat_template.jinja", in: files.folder) {
            let others = try files.folder.fileNames(in: "additional_chat_templates")
            return try [("default", text)]
                + others.filter { $0.hasSuffix(".jinja") }.map { file in
                    let text = try self.text(of: "additional_chat_templates/\(file)", in: files.folder)
                    return (name(String(file.dropLast(".jinja".count))), text ?? "")
                }
        }
        return try files.folder.json("chat_template.json")?["chat_template"].map(named) ?? []
    }

    /// Reads a template, or a list of named templates.
    private static func named(_ value: JSONValue) -> [(name: String, text: String)] {
        if let text = value.string { return [("default", text)] }
        return (value.array ?? []).compactMap { entry in
            guard let name = entry["name"]?.string, let text = entry["template"]?.string else { return nil }
            return (self.name(name), text)
        }
    }

    /// The name in the form that a key allows.
    private static func name(_ text: String) -> String {
        String(text.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
    }

    private static func text(of file: String, in folder: HuggingFaceFolder) throws -> String? {
        guard let bytes = try folder.bytes(file) else { return nil }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ConversionProblem.invalidVocabulary(file: file, reason: "it is not valid UTF-8")
        }
        return text
    }
}

/// The actions of tokenizer.json's normalizer that GGUF has keys for.
struct NormalizerFlags {
    private(set) var lowercase: Bool?
    private(set) var stripsAccents: Bool?

    init(_ normalizer: JSONValue?) {
        switch normalizer?["type"]?.string {
        case "Lowercase": lowercase = true
        case "StripAccents": stripsAccents = true
        case "BertNormalizer":
            lowercase = normalizer?["lowercase"]?.bool
            stripsAccents = normalizer?["strip_accents"]?.bool
        case "Sequence":
            for part in normalizer?["normalizers"]?.array ?? [] {
                let flags = NormalizerFlags(part)
                lowercase = flags.lowercase ?? lowercase
                stripsAccents = flags.stripsAccents ?? stripsAccents
            }
        default: break
        }
    }
}
