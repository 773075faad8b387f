import Conversion
import SystemPackage
import TestSupport
import Testing

/// What is said of models that convert all the same.
@Suite struct ConversionNotesTests {
    private func notes(_ checkpoint: SmallCheckpoint) throws -> [String] {
        let folder = try ScratchFolder()
        return try ConversionPlan(HuggingFaceFolder(path: checkpoint.write(into: folder))).notes
    }

    @Test(
        arguments: [
            ([:], true), (["tie_word_embeddings": "false"], true), (["tie_word_embeddings": "true"], false),
            (["architectures": #"["LlamaModel"]"#], false), (["architectures": #"["SmolLM3ForCausalLM"]"#], false),
        ] as [([String: String], Bool)]
    )
    func aMissingHeadIsNamedUnlessTheModelIsTied(_ settings: [String: String], _ isNoted: Bool) throws {
        var checkpoint = SmallCheckpoint.llama()
        checkpoint.config.merge(settings) { $1 }
        #expect(try notes(checkpoint).contains { $0.contains("no 'lm_head.weight'") } == isNoted)
        checkpoint.add("lm_head.weight", [4, 256])
        #expect(try notes(checkpoint).isEmpty)
    }

    @Test(arguments: [
        ("[1, 2]", "gives a list of them"), ("9", "names the token 9, which the vocabulary does not have"),
        ("null", "no file names one"),
    ])
    func aMissingEndTokenIsNamedWithItsReason(_ id: String, _ reason: String) throws {
        var checkpoint = SmallCheckpoint.llama()
        checkpoint.files["tokenizer_config.json"] = Array("{}".utf8)
        checkpoint.config["eos_token_id"] = id
        checkpoint.config["tie_word_embeddings"] = "true"
        let notes = try notes(checkpoint)
        #expect(notes.count == 1 && notes[0].contains(reason))
    }
}
