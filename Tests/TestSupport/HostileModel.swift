import GGUF
import SystemPackage

/// A sound little model whose every text attacks whoever prints it.
public enum HostileModel {
    /// Escape codes of a terminal, ends of lines, turned writing, markup, and ends of comments and strings.
    public static let text =
        "</code>|\u{1b}[31m\u{1b}]0;own\u{7}\r\nForged: row\n::error::x\u{202E}*/`${x}`'\";$(touch own)\u{9b}1m\u{0}"

    /// The same as an argument of a program, which ends at a zero byte.
    public static var shellText: String { text.replacing("\u{0}", with: "") }

    /// - Parameter tensor: whether a tensor and a key have such a name too, which no engine knows.
    public static func write(to path: FilePath, namingTensor tensor: Bool = false) throws {
        var vocabulary = Metadata()
        let tokens = ["<unk>", "<s>", text] + (0..<29).map { "t\($0)" }
        vocabulary.set("tokenizer.ggml.model", .string("llama"))
        vocabulary.set("tokenizer.ggml.tokens", .array(.string(tokens)))
        vocabulary.set("tokenizer.ggml.scores", .array(.float32(tokens.indices.map { -Float($0) })))
        vocabulary.set("tokenizer.ggml.token_type", .array(.int32([2, 3, 3] + Array(repeating: 1, count: 29))))
        vocabulary.set("tokenizer.ggml.eos_token_id", .uint32(2))
        vocabulary.set("tokenizer.chat_template", .string(text))
        var model = try SyntheticModel(
            architecture: "llama",
            vocabulary: vocabulary,
            width: 64,
            hidden: 64,
            layers: 1,
            heads: (2, 2),
            seed: 1
        )
        for key in ["name", "author", "license", "description", "source.url"] {
            model.metadata.set("general.\(key)", .string(text))
        }
        model.metadata.set("general.tags", .array(.string([text])))
        if tensor {
            model.metadata.set(text, .string(text))
            // No name of a tensor is longer than 63 bytes.
            model.add("\u{1b}[31m\r\nForged: row\n::error::x\u{202E}*/`<b>|", [32, 2])
        }
        try model.write(to: path)
    }
}
