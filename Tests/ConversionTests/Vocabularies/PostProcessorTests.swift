import Conversion
import GGUF
import TestSupport
import Testing

/// BOS and EOS from what tokenizer.json puts around a text.
@Suite struct PostProcessorTests {
    private static func special(_ text: String) -> String { #"{"SpecialToken":{"id":"\#(text)","type_id":0}}"# }
    private static func text(_ name: String) -> String { #"{"Sequence":{"id":"\#(name)","type_id":0}}"# }
    private static let (a, b) = (text("A"), text("B"))

    /// Llama with the tokens `<s>` and `</s>`, which take the places of two others.
    private static func metadata(_ processor: String, _ settings: String) throws -> Metadata {
        var checkpoint = SmallCheckpoint.llama()
        let tokenizer = """
            {"model":{"type":"BPE","vocab":{"a":0,"b":1},"merges":["a b"]},"pre_tokenizer":{"type":"ByteLevel"},
             "added_tokens":[{"id":2,"content":"<s>","special":true},{"id":3,"content":"</s>","special":true}],
             "post_processor":\(processor)}
            """
        checkpoint.files["tokenizer.json"] = Array(tokenizer.utf8)
        checkpoint.files["tokenizer_config.json"] = Array(settings.utf8)
        return try Conversions().convert(checkpoint).metadata
    }

    private static func template(_ single: [String], _ pair: [String]) -> String {
        #"{"type":"TemplateProcessing","single":[\#(single.joined(separator: ","))],"#
            + #""pair":[\#(pair.joined(separator: ","))]}"#
    }

    @Test func aTemplateSaysMoreThanTheSettings() throws {
        let processor = Self.template([Self.special("<s>"), Self.a], [Self.special("<s>"), Self.a, Self.b])
        let settings = #"{"bos_token":"<s>","eos_token":"</s>","add_bos_token":false,"add_eos_token":true}"#
        let metadata = try Self.metadata(processor, settings)
        #expect(metadata["tokenizer.ggml.add_bos_token"] == .bool(true))
        #expect(metadata["tokenizer.ggml.add_eos_token"] == .bool(true))
        #expect(metadata["tokenizer.ggml.bos_token_id"] == .uint32(2))
        #expect(metadata["tokenizer.ggml.eos_token_id"] == .uint32(3))
        #expect(metadata["tokenizer.ggml.add_sep_token"] == nil)
    }

    @Test func byteLevelProcessorsAddNothing() throws {
        let metadata = try Self.metadata(#"{"type":"ByteLevel"}"#, #"{"eos_token":"</s>"}"#)
        #expect(metadata["tokenizer.ggml.add_bos_token"] == .bool(false))
        #expect(metadata["tokenizer.ggml.add_eos_token"] == .bool(false))
    }

    /// As Llama 3 repeats BOS before the second text.
    @Test func whatStandsBetweenTwoTextsIsASeparatorOnlyIfItPlaysThatRole() throws {
        let (begin, end) = (Self.special("<s>"), Self.special("</s>"))
        let repeated = Self.template([begin, Self.a], [begin, Self.a, begin, Self.b])
        let settings = #"{"bos_token":"<s>","eos_token":"</s>"}"#
        #expect(try Self.metadata(repeated, settings)["tokenizer.ggml.add_sep_token"] == .bool(false))
        let separated = Self.template([begin, Self.a], [begin, Self.a, end, Self.b])
        let metadata = try Self.metadata(separated, settings)
        #expect(metadata["tokenizer.ggml.add_sep_token"] == .bool(true))
        #expect(metadata["tokenizer.ggml.seperator_token_id"] == .uint32(3))
    }

    @Test func anotherEndThanEOSTakesItsPlaceAndEOSEndsTurns() throws {
        let processor = Self.template([Self.a, Self.special("<s>")], [])
        let metadata = try Self.metadata(processor, #"{"eos_token":"</s>"}"#)
        #expect(metadata["tokenizer.ggml.eos_token_id"] == .uint32(2))
        #expect(metadata["tokenizer.ggml.eot_token_id"] == .uint32(3))
        #expect(metadata["tokenizer.ggml.add_eos_token"] == .bool(true))
    }

    @Test(arguments: ["[]", "1", #"{"type":"TemplateProcessing","single":3,"pair":{}}"#, #"{"processors":[null,2]}"#])
    func processorsThatAreNoneSayNothing(_ processor: String) throws {
        #expect(try Self.metadata(processor, #"{"eos_token":"</s>"}"#)["tokenizer.ggml.add_bos_token"] == nil)
    }
}
