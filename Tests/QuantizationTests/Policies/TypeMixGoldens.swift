import BinaryIO
import GGUF
import Quantization
import SystemPackage
import Tensors
import Testing

/// A model whose types llama.cpp's own tests list for every file type, in `tests/snapshots`.
///
/// A snapshot names the tensors that get another type than the file type's default; the lists of all tensors are
/// rebuilt here from the models' shapes.
struct TypeMixGoldens: Sendable, CustomTestStringConvertible {
    let file: String
    let architecture: String
    /// Tensors outside layers and, with `#` for the number, those of each layer; with the lengths of their rows.
    let outside: [(name: String, rowLength: Int)]
    let layer: [(name: String, rowLength: Int)]

    var testDescription: String { file }

    static let all = [
        TypeMixGoldens(
            file: "qwen3-0.6b.schema",
            architecture: "qwen3",
            outside: [("token_embd.weight", 1024), ("output.weight", 1024)],
            layer: dense(width: 1024, heads: 2048, hidden: 3072)
        ),
        TypeMixGoldens(
            file: "gemma-3-4b-it.schema",
            architecture: "gemma3",
            outside: [("token_embd.weight", 2560)],
            layer: dense(width: 2560, heads: 2048, hidden: 10_240)
        ),
        TypeMixGoldens(
            file: "meta-llama-3.1-70b-instruct.schema",
            architecture: "llama",
            outside: [("token_embd.weight", 8192), ("output.weight", 8192)],
            layer: dense(width: 8192, heads: 8192, hidden: 28_672)
        ),
        TypeMixGoldens(
            file: "gpt-oss-120b.schema",
            architecture: "gpt-oss",
            outside: [("token_embd.weight", 2880), ("output.weight", 2880)],
            layer: attention(width: 2880, heads: 4096)
                + ["gate", "up", "down"].map { ("blk.#.ffn_\($0)_exps.weight", 2880) }
        ),
    ]

    private static func attention(width: Int, heads: Int) -> [(name: String, rowLength: Int)] {
        [
            ("blk.#.attn_q.weight", width), ("blk.#.attn_k.weight", width), ("blk.#.attn_v.weight", width),
            ("blk.#.attn_output.weight", heads),
        ]
    }

    private static func dense(width: Int, heads: Int, hidden: Int) -> [(name: String, rowLength: Int)] {
        attention(width: width, heads: heads)
            + [("blk.#.ffn_gate.weight", width), ("blk.#.ffn_up.weight", width), ("blk.#.ffn_down.weight", hidden)]
    }
}

/// A snapshot, read.
struct TypeMixSnapshot {
    struct Section {
        let defaultType: TensorType
        var others: [String: TensorType] = [:]
    }

    /// Numbers of the heading: `n_layer`, `n_head` and the like.
    private(set) var numbers: [String: Int] = [:]
    private(set) var sections: [String: Section] = [:]

    init(path: FilePath) throws {
        let text = String(decoding: try readFile(path, limit: 1 << 24), as: UTF8.self)
        var current = ""
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            if line.hasPrefix("#") {
                for pair in line.dropFirst(2).split(separator: ", ").map({ $0.split(separator: "=") })
                where pair.count == 2 {
                    numbers[String(pair[0])] = Int(pair[1])
                }
            } else if line.hasPrefix("[") {
                current = String(words[0].dropFirst().dropLast())
                sections[current] = Section(defaultType: try #require(TensorType(name: words[1]), "\(line)"))
            } else {
                let type = try #require(TensorType(name: words[1]), "\(line)")
                sections[current]?.others[words[0]] = type
            }
        }
    }
}

extension TypeMixSnapshot {
    /// Every tensor on which a type or a count depends, with shapes that lead to the same choices.
    ///
    /// What has no three dimensions has another type than the default's in the file type for experts, so the snapshot
    /// names all of those. Gates of experts in the outer layers always have the default type and are named nowhere;
    /// they are where their down projections are.
    func tensors() throws -> [GGUFTensor] {
        var names = Set(sections.values.flatMap(\.others.keys))
        for part in ["gate", "up"] where names.contains(where: { $0.contains("ffn_\(part)_exps") }) {
            names.formUnion(
                names.filter { $0.contains("ffn_down_exps") }
                    .map { $0.replacing("ffn_down_exps", with: "ffn_\(part)_exps") }
            )
        }
        let flat = sections["MXFP4_MOE"]?.others ?? [:]
        let smaller = sections["Q6_K"]?.others ?? [:]
        return try names.map { name in
            try tensor(name, .f32, [smaller[name] == nil ? 256 : 32, 2] + (flat[name] == nil ? [2] : []))
        }
    }
}
