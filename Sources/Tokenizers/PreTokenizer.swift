/// The rule by which a byte-level vocabulary splits text into words, by its name in GGUF.
///
/// Names and rules are those of llama.cpp; a model family with an existing rule is one line in `known`.
package struct PreTokenizer: Sendable, Equatable {
    /// The rules, each applied to the pieces of the previous one.
    let rules: [WordSplitRule]
    /// Whether a word that is itself a token is kept whole, whatever the merges say.
    var takesWholeWords = false
    /// Whether texts start with the BOS token by default.
    var addsBeginning = false

    private static let llama3 = PreTokenizer(
        rules: [.words(digits: 3, marksAreLetters: false)],
        takesWholeWords: true,
        addsBeginning: true
    )
    private static let qwen2 = PreTokenizer(rules: [.words(digits: 1, marksAreLetters: false)])
    private static let gpt2 = PreTokenizer(rules: [.gpt2])
    private static let gpt4o = PreTokenizer(rules: [.casedWords(digits: 3, contractions: true)])
    private static let granite = PreTokenizer(
        rules: [.casedWords(digits: 3, contractions: true, marksAreLetters: true)],
        takesWholeWords: true
    )
    private static let deepSeek = PreTokenizer(rules: [
        .newlines, .runs([.casedScripts], afterSpace: true), .runs([.deepSeekPunctuation], afterSpace: true),
        .endingSpace, .runs([.eastern], afterSpace: false), .numbers(limit: .max),
    ])
    private static let deepSeekCoder = PreTokenizer(rules: [
        .newlines, .runs([.letters], afterSpace: true), .runs([.punctuationMarks], afterSpace: true),
        .runs([.eastern], afterSpace: false), .numbers(limit: 1),
    ])
    private static let deepSeek3 = PreTokenizer(rules: [
        .numbers(limit: 3), .runs([.hanAndKana], afterSpace: false), .markedWords(newlineTails: true),
    ])
    private static let spark = PreTokenizer(rules: [
        .numbers(limit: 3), .runs([.hanAndKana], afterSpace: false), .markedWords(newlineTails: false),
        .numbers(limit: 1),
    ])
    private static let youtu = PreTokenizer(
        rules: [
            .runs([.hangul, .widePunctuation, .bopomofo, .hanAndKana], afterSpace: false), .caselessWords(digits: 1),
        ],
        takesWholeWords: true
    )
    private static let aya = PreTokenizer(rules: [.numbersFromEnd, .caselessWords(digits: 3)])
    private static let afmoe = PreTokenizer(rules: [
        .numbersFromEnd, .runs([.asian], afterSpace: false), .markedWords(newlineTails: true),
    ])
    private static let bloom = PreTokenizer(rules: [.unpunctuated])
    private static let chameleon = PreTokenizer(
        rules: [.sentinels, .images, .indents, .numbers(limit: 1), .singles(.marksOfASCII), .gpt2],
        addsBeginning: true
    )
    private static let singleDigits = PreTokenizer(rules: [.numbers(limit: 1), .gpt2])

    private static let known: [String: PreTokenizer] = [
        "default": PreTokenizer(
            rules: [.punctuation(backtick: false), .gpt2, .numbers(limit: .max), .digitTriples]
        ),
        "falcon": PreTokenizer(rules: [.punctuation(backtick: true), .gpt2, .digitTriples]),
        "llama-bpe": llama3, "llama3": llama3, "llama-v3": llama3, "falcon3": llama3, "falcon-h1": llama3,
        "pixtral": llama3, "lfm2": llama3, "midm-2.0": llama3,
        "dbrx": PreTokenizer(rules: llama3.rules), "smaug-bpe": PreTokenizer(rules: llama3.rules),
        "chatglm-bpe": PreTokenizer(rules: llama3.rules),
        "glm4": PreTokenizer(rules: llama3.rules, takesWholeWords: true),
        "minicpm5": PreTokenizer(
            rules: [.numbers(limit: 3), .words(digits: .max, marksAreLetters: false)],
            takesWholeWords: true
        ),
        "qwen2": qwen2, "deepseek-r1-qwen": qwen2, "stablelm2": qwen2, "hunyuan": qwen2, "megrez": qwen2,
        "grok-2": qwen2, "solar-open": qwen2, "kormo": qwen2,
        "qwen35": PreTokenizer(rules: [.words(digits: 1, marksAreLetters: true)]),
        "laguna": PreTokenizer(rules: [.lines] + qwen2.rules),
        "gpt-4o": gpt4o, "llama4": gpt4o, "kanana2": gpt4o, "talkie": gpt4o, "minimax-m2": gpt4o,
        "tekken": PreTokenizer(
            rules: [.casedWords(digits: 1, contractions: false)],
            takesWholeWords: true,
            addsBeginning: true
        ),
        "gpt-2": gpt2, "phi-2": gpt2, "mpt": gpt2, "olmo": gpt2, "jais": gpt2, "trillion": gpt2, "exaone4": gpt2,
        "granite-docling": gpt2, "gigachat": gpt2, "a.x-4.0": gpt2, "mellum": gpt2, "modern-bert": gpt2,
        "jina-es": gpt2, "jina-de": gpt2, "jina-v2-es": gpt2, "jina-v2-de": gpt2, "jina-v1-en": gpt2,
        "jina-v2-code": gpt2, "roberta-bpe": gpt2,
        "jina-v5-nano": llama3, "f2llmv2": qwen2, "bailingmoe": qwen2, "bailingmoe2": qwen2, "llada-moe": qwen2,
        "glm5": PreTokenizer(rules: llama3.rules, takesWholeWords: true),
        "jais-2": PreTokenizer(rules: [.cascadingWords]), "exaone-moe": PreTokenizer(rules: [.spacedWords]),
        "seed-coder": PreTokenizer(rules: [.narrowWords]), "ufakzeka": PreTokenizer(rules: [.plainWords]),
        "granite-embed-multi-97m": granite,
        "deepseek-llm": deepSeek, "deepseek-coder": deepSeekCoder, "deepseek-v3": deepSeek3,
        "hunyuan-dense": deepSeek3, "joyai-llm": deepSeek3, "hy_v4": deepSeek3, "spark2_5": spark, "youtu": youtu,
        "tiny_aya": aya, "cohere2moe": aya, "afmoe": afmoe, "kimi-k2": PreTokenizer(rules: [.kimi]),
        "bloom": bloom, "poro-chat": bloom, "gpt3-finnish": bloom,
        "viking": PreTokenizer(rules: bloom.rules + [.numbers(limit: 1)]),
        "superbpe": PreTokenizer(rules: [.numbers(limit: .max), .cutsFromEnd]), "chameleon": chameleon,
        "smollm": singleDigits, "starcoder": singleDigits, "refact": singleDigits, "command-r": singleDigits,
        "codeshell": singleDigits, "exaone": singleDigits, "minerva-7b": singleDigits, "mellum2": singleDigits,
    ]

    /// - Throws: `TokenizerError.unknownPreTokenizer`.
    package static func named(_ name: String) throws(TokenizerError) -> PreTokenizer {
        guard let found = known[name.isEmpty ? "default" : name] else {
            throw .unknownPreTokenizer(name: name, known: (Array(known.keys) + CharacterPairRule.names).sorted())
        }
        return found
    }

    /// Calls `body` with the length in bytes of each word of `bytes`, which must be valid UTF-8.
    package func forEachWord(of bytes: UnsafeBufferPointer<UInt8>, _ body: (Int) -> Void) {
        let text = CodePoints(bytes)
        var ends = text.count == 0 ? [] : [text.count]
        for rule in rules {
            var finer: [Int] = []
            finer.reserveCapacity(max(ends.count, text.count / 4))
            var start = 0
            for end in ends {
                rule.split(text, start..<end, into: &finer)
                start = end
            }
            ends = finer
        }
        var start = 0
        for end in ends {
            body(text.values[start..<end].reduce(0) { $0 + CodePoints.utf8Count(of: $1) })
            start = end
        }
    }
}

extension Vocabulary {
    /// Whether a vocabulary with this pre-tokenizer starts its texts with BOS by default.
    /// - Throws: `TokenizerError.unknownPreTokenizer`.
    public static func addsBeginningByDefault(preTokenizer name: String) throws(TokenizerError) -> Bool {
        if mergesCharacters(preTokenizer: name) { return alwaysAddsBeginning(preTokenizer: name) }
        return try PreTokenizer.named(name).addsBeginning
    }
}
