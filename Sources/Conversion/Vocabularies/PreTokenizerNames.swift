import BinaryIO

/// Recognizes the rule by which a tokenizer splits text into words, from what tokenizer.json says of it.
///
/// The reference recognizes tokenizers by the hash of an encoded text, so that an extended vocabulary is unknown to it;
/// the rule itself does not change when tokens are added.
enum PreTokenizerNames {
    /// Regular expressions of `Split` steps, in order, against llama.cpp's names.
    private static let known: [[String]: String] = [
        [
            #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
        ]: "llama-bpe",
        [
            #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
        ]: "qwen2",
        []: "gpt-2",
    ]

    /// - Throws: `ConversionProblem.unknownPreTokenizer`, with the expressions.
    static func name(for preTokenizer: JSONValue?) throws -> String {
        let steps = preTokenizer?["pretokenizers"]?.array ?? [preTokenizer].compactMap { $0 }
        var expressions: [String] = []
        for step in steps {
            switch step["type"]?.string {
            case "Split":
                guard let expression = step["pattern"]?["Regex"]?.string else {
                    throw ConversionProblem.unknownPreTokenizer(description: "a split by a fixed text")
                }
                expressions.append(expression)
            case "ByteLevel":
                continue
            case let type:
                throw ConversionProblem.unknownPreTokenizer(description: "a step of type '\(type ?? "none")'")
            }
        }
        guard !steps.isEmpty, let name = known[expressions] else {
            throw ConversionProblem.unknownPreTokenizer(description: expressions.joined(separator: "  then  "))
        }
        return name
    }
}
