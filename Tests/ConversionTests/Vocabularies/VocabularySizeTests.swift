import Conversion
import GGUF
import SystemPackage
import Tensors
import TestSupport
import Testing

/// Tokenizers and embeddings that count differently: after a fine-tune with more tokens, and by `pad-vocab`.
@Suite struct VocabularySizeTests {
    private let folder: ScratchFolder
    private static let table = "base_model.model.model.embed_tokens"

    init() throws { folder = try ScratchFolder() }

    private static func tokenizer(adding texts: [String]) -> String {
        let added = (["<|end|>"] + texts).enumerated().map { index, text in
            #"{"id":\#(3 + index),"content":"\#(text)","special":true}"#
        }
        return #"""
            {"model":{"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]},
             "pre_tokenizer":{"type":"ByteLevel"},"added_tokens":[\#(added.joined(separator: ","))]}
            """#
    }

    private func plan(
        _ checkpoint: SmallCheckpoint = .llama(),
        _ padding: VocabularyPadding? = nil,
        _ adapter: SmallAdapter? = nil,
        tokens: [String]? = nil
    ) throws -> ConversionPlan {
        var options = ConversionOptions(type: .f32)
        options.padding = padding
        if let adapter {
            options.adapters = [AdapterReference(folder: try adapter.write(into: folder))]
            if let tokens {
                try folder.write(Array(Self.tokenizer(adding: tokens).utf8), to: "some-lora/tokenizer.json")
                try folder.write(Array(#"{"eos_token":"<|end|>"}"#.utf8), to: "some-lora/tokenizer_config.json")
            }
        }
        return try ConversionPlan(HuggingFaceFolder(path: checkpoint.write(into: folder)), options: options)
    }

    private func file(_ plan: ConversionPlan, threads: Int = 2) throws -> GGUFFile {
        let output = folder.path.appending("out.gguf")
        try Converter(plan).run(to: output, threads: threads)
        return try GGUFFile(path: output)
    }

    private func tokens(_ file: GGUFFile) throws -> [String]? { try file.metadata.strings("tokenizer.ggml.tokens") }

    private func mean(_ rows: [Float]) -> [Float] {
        (0..<256).map { column in
            Float(
                stride(from: column, to: rows.count, by: 256).reduce(0) { $0 + Double(rows[$1]) }
                    / Double(rows.count / 256)
            )
        }
    }

    /// Embeddings for `rows` tokens in place of the model's.
    private func grown(_ rows: Int) -> SmallAdapter {
        var adapter = SmallAdapter.ofValues()
        adapter.contents.add("\(Self.table).modules_to_save.weight", [rows, 256], dtype: "F32")
        return adapter
    }

    // MARK: Adapters

    @Test func anAdaptersLargerEmbeddingsComeWithItsTokenizer() throws {
        let adapter = grown(6)
        let found = try file(plan(.llama(), nil, adapter, tokens: ["<|x|>", "<|y|>"]))
        #expect(try tokens(found) == ["a", "b", "ab", "<|end|>", "<|x|>", "<|y|>"])
        #expect(found.metadata["llama.vocab_size"] == .uint32(6))
        #expect(found.metadata["tokenizer.ggml.eos_token_id"] == .uint32(3))
        #expect(try found.floats("token_embd.weight") == adapter.floats("\(Self.table).modules_to_save.weight"))
    }

    /// The model had rows to spare.
    @Test func aTokenizerWithMoreTokensNeedsNoMoreRows() throws {
        var base = SmallCheckpoint.llama()
        base.config["vocab_size"] = "6"
        base.tensors.removeAll { $0.name.contains("embed_tokens") }
        base.add("model.embed_tokens.weight", [6, 256])
        #expect(try tokens(file(plan(base)))?.suffix(2) == ["[PAD4]", "[PAD5]"])
        let found = try file(plan(base, nil, .ofValues(), tokens: ["<|x|>"]))
        #expect(try tokens(found)?.suffix(2) == ["<|x|>", "[PAD5]"])
        // One with the same tokens changes nothing.
        #expect(try tokens(file(plan(base, nil, .ofValues(), tokens: [])))?.suffix(2) == ["[PAD4]", "[PAD5]"])
    }

    @Test func rowsThatNobodyNamesAreRefusedOrPadded() throws {
        let error = #expect(throws: ConversionError.self) { _ = try plan(.llama(), nil, grown(6)) }
        #expect(error?.problem == .grownWithoutTokenizer(tensor: "model.embed_tokens.weight", rows: 6, tokens: 4))
        #expect(error?.description.contains("pad-vocab") == true)
        let found = try file(plan(.llama(), .larger, grown(6)))
        #expect(try tokens(found) == ["a", "b", "ab", "<|end|>", "[PAD4]", "[PAD5]"])
        #expect(try found.metadata.integers("tokenizer.ggml.token_type")?.suffix(2) == [5, 5])
    }

    @Test func tokensWithoutRowsAreRefusedOrFilled() throws {
        let adapter = grown(5)
        let error = #expect(throws: ConversionError.self) {
            _ = try plan(.llama(), nil, adapter, tokens: ["<|x|>", "<|y|>"])
        }
        #expect(error?.problem == .tokensBeyondRows(tokens: 6, rows: 5))
        let found = try file(plan(.llama(), .larger, adapter, tokens: ["<|x|>", "<|y|>"])).floats("token_embd.weight")
        let own = adapter.floats("\(Self.table).modules_to_save.weight")
        #expect(found == own + mean(own))
    }

    @Test func embeddingsAndOutputGrowTogether() throws {
        var base = SmallCheckpoint.llama()
        base.add("lm_head.weight", [4, 256])
        let error = #expect(throws: ConversionError.self) {
            _ = try plan(base, nil, grown(6), tokens: ["<|x|>", "<|y|>"])
        }
        #expect(error?.problem == .unevenVocabulary("lm_head.weight", 4, other: "model.embed_tokens.weight", 6))
        var both = grown(6)
        both.contents.add("base_model.model.lm_head.modules_to_save.weight", [6, 256], dtype: "F32")
        let found = try file(plan(base, nil, both, tokens: ["<|x|>", "<|y|>"]))
        #expect(try found.floats("output.weight") == both.floats("base_model.model.lm_head.modules_to_save.weight"))
        let padded = try file(plan(base, .larger, grown(6), tokens: ["<|x|>", "<|y|>"])).floats("output.weight")
        #expect(padded.count == 6 * 256)
        #expect(Array(padded[(5 * 256)...]) == mean(Array(padded[..<(4 * 256)])))
    }

    /// PEFT saves the output's matrix too, although the model takes its embeddings for it.
    @Test func embeddingsThatAreSavedTwiceCountOnce() throws {
        var adapter = grown(6)
        var twin = try #require(adapter.contents.tensors.last)
        twin.name = "base_model.model.lm_head.weight"
        adapter.contents.tensors.append(twin)
        let found = try file(plan(.llama(), nil, adapter, tokens: ["<|x|>", "<|y|>"]))
        #expect(found.tensor(named: "output.weight") == nil)
        adapter.contents.tensors[adapter.contents.tensors.count - 1].bytes[0] ^= 1
        let error = #expect(throws: ConversionError.self) {
            _ = try plan(.llama(), nil, adapter, tokens: ["<|x|>", "<|y|>"])
        }
        #expect(error?.problem == .foreignAdapter(tensor: "lm_head.weight"))
    }

    // MARK: Padding

    @Test func aMultipleIsReachedWithTheMeanOfAllRows() throws {
        let plain = try file(plan()).floats("token_embd.weight")
        let found = try file(plan(.llama(), .multiple(3)))
        #expect(try tokens(found) == ["a", "b", "ab", "<|end|>", "[PAD4]", "[PAD5]"])
        #expect(found.metadata["llama.vocab_size"] == .uint32(6))
        #expect(try found.floats("token_embd.weight") == plain + mean(plain) + mean(plain))
        let content = try found.content("token_embd.weight")
        #expect(try file(plan(.llama(), .multiple(3)), threads: 7).content("token_embd.weight") == content)
    }

    /// Embeddings that were padded for speed, without a word in config.json.
    @Test func rowsBeyondTheTokensGetTokens() throws {
        var base = SmallCheckpoint.llama()
        base.tensors.removeAll { $0.name.contains("embed_tokens") }
        base.add("model.embed_tokens.weight", [8, 256])
        #expect(try tokens(file(plan(base)))?.count == 4)
        let found = try file(plan(base, .larger))
        #expect(try tokens(found)?.suffix(2) == ["[PAD6]", "[PAD7]"])
        #expect(found.tensor(named: "token_embd.weight")?.shape.dimensions == [256, 8])
    }

    /// Tokens that were added without resizing the model.
    @Test func tokensBeyondTheRowsAreRefusedWithTheSettingThatHelps() throws {
        var base = SmallCheckpoint.llama()
        base.files["tokenizer.json"] = Array(Self.tokenizer(adding: ["<|x|>"]).utf8)
        let error = #expect(throws: ConversionError.self) { _ = try plan(base) }
        #expect(error?.description.contains("pad-vocab") == true)
        let rows = try file(plan(base, .larger)).floats("token_embd.weight")
        #expect(rows.count == 5 * 256 && Array(rows[(4 * 256)...]) == mean(Array(rows[..<(4 * 256)])))
        #expect(try tokens(file(plan(base, .count(7))))?.suffix(3) == ["<|x|>", "[PAD5]", "[PAD6]"])
    }

    @Test func fewerTokensThanThereAreCannotBeAskedFor() throws {
        let error = #expect(throws: ConversionError.self) { _ = try plan(.llama(), .count(3)) }
        #expect(error?.problem == .paddingTooSmall(asked: 3, needed: 4))
    }

    /// A vocabulary of pieces has scores too, and Gemma cuts rows without tokens off.
    @Test(arguments: ["phi3", "gemma3", "gemma4", "gemma3n", "mistral", "qwen3"])
    func everyKindOfVocabularyIsPadded(_ family: String) throws {
        let checkpoint = try FamilyGolden(family).checkpoint()
        let found = try file(plan(checkpoint, .multiple(7)))
        let rows = try #require(found.tensor(named: "token_embd.weight")).shape.dimensions[1]
        #expect(rows.isMultiple(of: 7))
        #expect(try tokens(found)?.count == rows)
        #expect(try found.metadata.integers("tokenizer.ggml.token_type")?.count ?? rows == rows)
        #expect(try found.metadata.floats("tokenizer.ggml.scores")?.count ?? rows == rows)
    }

    @Test(
        arguments: [
            ("auto", .larger), ("32064", .count(32064)), ("x64", .multiple(64)), ("x0", nil), ("0", nil), ("-1", nil),
            ("x", nil), ("many", nil), ("99999999999", nil),
        ] as [(String, VocabularyPadding?)]
    )
    func whatIsAskedForIsReadAsItIsWritten(_ text: String, _ expected: VocabularyPadding?) {
        #expect(VocabularyPadding(text) == expected)
        if let expected { #expect(expected.description == text) }
    }
}
