import BinaryIO

/// Recognizes the rule by which a tokenizer splits text into words, from tokenizer.json.
///
/// The reference recognizes tokenizers by the hash of an encoded text, which fails for an extended vocabulary; the rule
/// itself does not change when tokens are added.
enum PreTokenizerNames {
    /// A step of a tokenizer.
    private enum Step: Hashable {
        case expression(String)
        /// Each digit is a word.
        case singleDigits
        /// The built-in rule of byte-level tokenizers.
        case byteLevelRule
    }

    /// The names of a rule in llama.cpp.
    private struct Names {
        /// The names; the first is written unless the family has another.
        let all: [String]
        /// The name for tokenizers that keep a word whole if it is a token, whatever the merges say.
        var ofWholeWords: String?
    }

    private static let letters = #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"#
    private static let rest = #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    private static let contractions = #"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"#
    private static let lines = #"\s*[\r\n]+|\s+(?!\S)|\s+"#
    /// Qwen3.5's rule: letters with combining marks.
    private static let marked = #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|"#

    /// A rule whose words end before a capital letter after lowercase ones.
    private static func cased(_ tail: String) -> String {
        #"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"# + tail
            + #"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"# + tail
    }

    /// DeepSeek-V3's rule: punctuation may begin a word, and marks count as letters.
    private static let beginning =
        ##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|"##
        + #"[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|"#

    /// Names by sequence of steps.
    private static let known: [[Step]: Names] = [
        [.expression(letters + #"\p{N}{1,3}"# + rest)]: Names(
            all: ["smaug-bpe", "dbrx", "falcon-h1", "glm4", "lfm2", "llama-bpe"],
            ofWholeWords: "llama-bpe"
        ),
        [.expression(letters + #"\p{N}"# + rest)]: Names(all: ["qwen2", "stablelm2"]),
        [.expression(marked + #"\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|"# + lines)]: Names(all: ["qwen35"]),
        [.expression(cased(contractions) + #"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|"# + lines)]: Names(all: ["gpt-4o"]
        ),
        [.expression(cased("") + #"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|"# + lines)]: Names(all: ["tekken"]),
        [.expression(letters + #"\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+|"# + lines)]: Names(all: ["seed-coder"]),
        [
            .expression(#"\p{N}{1,3}"#), .expression("[一-龥\u{3040}-\u{309f}\u{30a0}-\u{30ff}]+"),
            .expression(beginning + lines),
        ]: Names(all: ["deepseek-v3", "hunyuan-dense", "joyai-llm", "hy_v4"]),
        [.singleDigits, .byteLevelRule]: Names(all: ["smollm", "command-r", "refact", "starcoder"]),
        [.byteLevelRule]: Names(all: ["gpt-2", "exaone4", "modern-bert", "olmo"]),
    ]

    /// - Parameters:
    ///   - tokenizer: tokenizer.json.
    ///   - familyName: the name to prefer if it is one of the rule's.
    /// - Throws: `ConversionProblem.unknownPreTokenizer`, with the expressions.
    static func name(for tokenizer: JSONValue, preferring familyName: String? = nil) throws -> String {
        let preTokenizer = tokenizer["pre_tokenizer"]
        var steps: [Step] = []
        for part in preTokenizer?["pretokenizers"]?.array ?? [preTokenizer].compactMap({ $0 }) {
            if let step = try step(part) { steps.append(step) }
        }
        guard let names = known[steps] else { throw unknown(describe(steps)) }
        if let familyName, names.all.contains(familyName) { return familyName }
        // Older files lack the option; they kept words whole if the family's later ones do.
        let takesWholeWords = tokenizer["model"]?["ignore_merges"]?.bool ?? true
        return takesWholeWords ? names.ofWholeWords ?? names.all[0] : names.all[0]
    }

    static func unknown(_ description: String) -> ConversionProblem {
        let rules = known.map { (description: describe($0.key), name: $0.value.all[0]) }
        let nearest = Similarity.nearest(to: description, of: rules.map(\.description), count: 2)
        return .unknownPreTokenizer(
            description: description,
            nearest: nearest.compactMap { rule in rules.first { $0.description == rule }?.name }
        )
    }

    /// - Returns: nil for a step that does not split.
    private static func step(_ part: JSONValue) throws -> Step? {
        switch part["type"]?.string {
        case "Split":
            guard let expression = part["pattern"]?["Regex"]?.string else { throw unknown("a split by a fixed text") }
            // Two notations for making every match a word; no rule drops the text between matches.
            let isInverted = part["invert"]?.bool ?? false
            guard (part["behavior"]?.string ?? "Isolated") == (isInverted ? "Removed" : "Isolated") else {
                throw unknown("matches of \(expression) that are no words of their own")
            }
            return .expression(expression)
        case "Digits":
            guard part["individual_digits"]?.bool == true else { throw unknown("digits that stay together") }
            return .singleDigits
        case "ByteLevel":
            // Older files lack the option, and its default is true.
            return part["use_regex"]?.bool == false ? nil : .byteLevelRule
        case let type:
            throw unknown("a step of type '\(type ?? "none")'")
        }
    }

    private static func describe(_ steps: [Step]) -> String {
        let texts = steps.map { step in
            switch step {
            case .expression(let expression): expression
            case .singleDigits: "single digits"
            case .byteLevelRule: "the byte-level rule"
            }
        }
        return texts.isEmpty ? "no rule at all" : texts.joined(separator: "  then  ")
    }
}
