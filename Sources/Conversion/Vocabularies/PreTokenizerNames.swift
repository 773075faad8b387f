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

    private static let letters = #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"#
    private static let rest = #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    private static let contractions = #"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"#
    private static let cased =
        #"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"# + contractions
        + #"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"# + contractions
    private static let lines = #"\s*[\r\n]+|\s+(?!\S)|\s+"#
    /// Qwen3.5's letters, with the marks that combine with them.
    private static let marked = #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|"#

    /// Steps, in order, against llama.cpp's names for them; the first is written unless the family has another.
    private static let known: [[Step]: [String]] = [
        [.expression(letters + #"\p{N}{1,3}"# + rest)]: ["llama-bpe", "dbrx", "lfm2", "smaug-bpe"],
        [.expression(letters + #"\p{N}"# + rest)]: ["qwen2", "stablelm2"],
        [.expression(marked + #"\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|"# + lines)]: ["qwen35"],
        [.expression(cased + #"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|"# + lines)]: ["gpt-4o"],
        [.singleDigits, .byteLevelRule]: ["smollm", "refact", "starcoder"],
        [.byteLevelRule]: ["gpt-2", "olmo"],
    ]

    /// - Parameter familyName: the name to write if it is one of the rule's.
    /// - Throws: `ConversionProblem.unknownPreTokenizer`, with the expressions.
    static func name(for preTokenizer: JSONValue?, preferring familyName: String? = nil) throws -> String {
        var steps: [Step] = []
        for part in preTokenizer?["pretokenizers"]?.array ?? [preTokenizer].compactMap({ $0 }) {
            if let step = try step(part) { steps.append(step) }
        }
        guard let names = known[steps] else {
            throw ConversionProblem.unknownPreTokenizer(description: describe(steps))
        }
        return familyName.flatMap { names.contains($0) ? $0 : nil } ?? names[0]
    }

    /// - Returns: nil for a step that splits nothing.
    private static func step(_ part: JSONValue) throws -> Step? {
        switch part["type"]?.string {
        case "Split":
            guard let expression = part["pattern"]?["Regex"]?.string else {
                throw ConversionProblem.unknownPreTokenizer(description: "a split by a fixed text")
            }
            return .expression(expression)
        case "Digits":
            guard part["individual_digits"]?.bool == true else {
                throw ConversionProblem.unknownPreTokenizer(description: "digits that stay together")
            }
            return .singleDigits
        case "ByteLevel":
            // Files from before the option meant yes.
            return part["use_regex"]?.bool == false ? nil : .byteLevelRule
        case let type:
            throw ConversionProblem.unknownPreTokenizer(description: "a step of type '\(type ?? "none")'")
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
