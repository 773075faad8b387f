import BinaryIO

/// Recognizes the rule by which a tokenizer splits text into words, from what tokenizer.json says of it.
///
/// The reference recognizes tokenizers by the hash of an encoded text, so that an extended vocabulary is unknown to it;
/// the rule itself does not change when tokens are added.
enum PreTokenizerNames {
    /// A step of a tokenizer.
    private enum Step: Hashable {
        case expression(String)
        /// Each digit is a word.
        case singleDigits
        /// The rule that byte-level tokenizers have of their own.
        case byteLevelRule
    }

    /// A rule's names in llama.cpp.
    private struct Names {
        /// The first is written unless the family has another.
        let all: [String]
        /// The name for tokenizers that take a word which is a token whole, whatever the merges say.
        var ofWholeWords: String?
    }

    private static let letters = #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"#
    private static let rest = #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    private static let contractions = #"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"#
    private static let lines = #"\s*[\r\n]+|\s+(?!\S)|\s+"#
    /// Qwen3.5's letters, with the marks that combine with them.
    private static let marked = #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|"#

    /// Words that end where small letters are followed by capital ones.
    private static func cased(_ tail: String) -> String {
        #"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"# + tail
            + #"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"# + tail
    }

    /// DeepSeek-V3's words: punctuation may begin one, and marks are letters.
    private static let beginning =
        ##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|"##
        + #"[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|"#

    /// Steps, in order, against their names.
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
    ///   - familyName: the name to write if it is one of the rule's.
    /// - Throws: `ConversionProblem.unknownPreTokenizer`, with the expressions.
    static func name(for tokenizer: JSONValue, preferring familyName: String? = nil) throws -> String {
        let preTokenizer = tokenizer["pre_tokenizer"]
        var steps: [Step] = []
        for part in preTokenizer?["pretokenizers"]?.array ?? [preTokenizer].compactMap({ $0 }) {
            if let step = try step(part) { steps.append(step) }
        }
        guard let names = known[steps] else { throw unknown(describe(steps)) }
        if let familyName, names.all.contains(familyName) { return familyName }
        // Files from before the option do not say; they took words whole where the family's later ones do.
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

    /// - Returns: nil for a step that splits nothing.
    private static func step(_ part: JSONValue) throws -> Step? {
        switch part["type"]?.string {
        case "Split":
            guard let expression = part["pattern"]?["Regex"]?.string else { throw unknown("a split by a fixed text") }
            // Two ways to say that every match is a word; what lies between matches is dropped by none of the rules.
            let isInverted = part["invert"]?.bool ?? false
            guard (part["behavior"]?.string ?? "Isolated") == (isInverted ? "Removed" : "Isolated") else {
                throw unknown("matches of \(expression) that are no words of their own")
            }
            return .expression(expression)
        case "Digits":
            guard part["individual_digits"]?.bool == true else { throw unknown("digits that stay together") }
            return .singleDigits
        case "ByteLevel":
            // Files from before the option meant yes.
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
