import BinaryIO
import Foundation
import GGUF
import SystemPackage
import TestSupport
import Testing

/// Texts to vectors, as a user sees it: what comes out, and what is said of what cannot be.
@Suite struct EmbedCommandTests {
    private let program: Program
    private var folder: ScratchFolder { program.folder }

    init() throws {
        program = Program(folder: try ScratchFolder())
        try write("model.gguf") { $0.set("llama.pooling_type", .uint32(1)) }
        try folder.write("\"One boat.\"\n\"Two boats.\"\n", to: "texts.jsonl")
    }

    private func write(
        _ name: String,
        width: Int = 64,
        seed: UInt64 = 3,
        dropping tokens: Int = 0,
        _ change: (inout Metadata) -> Void
    ) throws {
        var vocabulary = try TinyModels().metadata()
        if tokens > 0, case .array(.string(let texts))? = vocabulary["tokenizer.ggml.tokens"] {
            let changed = texts.dropLast(tokens) + (0..<tokens).map { "other\($0)" }
            vocabulary.set("tokenizer.ggml.tokens", .array(.string(Array(changed))))
        }
        var model = try SyntheticModel(
            architecture: "llama",
            vocabulary: vocabulary,
            width: width,
            hidden: 96,
            layers: 2,
            heads: (2, 2),
            seed: seed
        )
        model.metadata.set("llama.context_length", .uint32(64))
        change(&model.metadata)
        try model.write(to: folder.path.appending(name))
    }

    private func rows(_ result: Program.Result) throws -> [[Double]] {
        try result.lines.map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [Double], "\(result.errors)")
        }
    }

    @Test func aLineInIsALineOut() throws {
        let result = try program("embed", "model.gguf", "--json-lines", "--file", "texts.jsonl")
        let vectors = try rows(result)
        #expect(result.status == 0 && vectors.count == 2 && vectors.allSatisfy { $0.count == 64 })
        for vector in vectors { #expect(abs(vector.reduce(0) { $0 + $1 * $1 } - 1) < 1e-5) }
        #expect(try rows(try program("embed", "model.gguf", "One boat.")) == [vectors[0]])
        let raw = try rows(try program("embed", "model.gguf", "One boat.", "--no-normalize", "--pooling", "last"))
        #expect(abs(raw[0].reduce(0) { $0 + $1 * $1 } - 1) > 1e-3)
    }

    /// A language model names no pooling: each token keeps its vector, and that is said.
    @Test func aModelThatWritesGivesAVectorForEachToken() throws {
        try write("writer.gguf") { _ in }
        let result = try program("embed", "writer.gguf", "One boat.")
        let json = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [[Double]]
        #expect(result.status == 0 && json?.count ?? 0 > 1 && json?.allSatisfy { $0.count == 64 } == true)
        #expect(result.errors.contains("names no pooling") && result.errors.contains("--pooling"))
        #expect(try rows(try program("embed", "writer.gguf", "One boat.", "--pooling", "mean"))[0].count == 64)
        let refused = try program("generate", "model.gguf", "--prompt", "One", "-n", "1")
        #expect(refused.status == 3 && refused.errors.contains("edgepipe embed"), "\(refused.errors)")
    }

    @Test func longTextsAreRemarkedOn() throws {
        let text = Array(repeating: "boat", count: 90).joined(separator: " ")
        let result = try program("embed", "model.gguf", text)
        #expect(result.status == 0 && result.errors.contains("was trained on 64"), "\(result.errors)")
    }

    /// Arguments, the status, and what the message has to say.
    static let mistakes: [(arguments: [String], status: Int32, words: String)] = [
        (["model.gguf", "a", "--pooling", "max"], 64, "--pooling takes none, mean, cls, last, rank"),
        (["model.gguf", "a", "--pooling", "rank"], 3, "classifier"),
        (["model.gguf", "a", "--file", "texts.jsonl"], 64, "not both"),
        (["absent.gguf", "a"], 3, "absent.gguf"),
        (["texts.jsonl", "a"], 3, "texts.jsonl"),
        (["model.gguf", "--file", "absent.txt"], 3, "absent.txt"),
        (["model.gguf", "--json-lines", "--file", "plain.txt"], 3, "Line 2 of the texts"),
        (["model.gguf", "--json-lines", "--file", "number.txt"], 3, "Line 1 of the texts"),
        (["model.gguf", "--json-lines", "--file", "bytes.txt"], 3, "Line 1 of the texts"),
        (["model.gguf", "--json-lines", "--file", "three.txt"], 3, "Line 1 of the texts"),
        (["model.gguf", "--json-lines", "--file", "cut.txt"], 3, "Line 1 of the texts"),
        (["model.gguf", "a", "--against", "model.gguf"], 64, "many texts"),
        (["model.gguf", "--against", "model.gguf", "--file", "texts.jsonl", "--no-normalize"], 64, "--no-normalize"),
        (["model.gguf", "--against", "model.gguf", "--file", "one.txt"], 3, "1 texts were given, where 12 to"),
        (["model.gguf", "--against", "model.gguf", "--json-lines", "--file", "one.jsonl"], 3, "1 texts were given"),
        (["model.gguf", "--against", "wide.gguf", "--file", "many.txt"], 3, "differ in width"),
        (["model.gguf", "--against", "words.gguf", "--file", "many.txt"], 3, "differ in vocabulary"),
        (["model.gguf", "--against", "last.gguf", "--file", "many.txt"], 3, "pools by mean"),
        (["writer.gguf", "--against", "writer.gguf", "--file", "many.txt"], 3, "--pooling"),
        (["strange.gguf", "a"], 3, "llama.pooling_type"),
        (["model.gguf", "a", "--format", "csv"], 64, "leave out --format"),
    ]

    @Test(arguments: mistakes.indices)
    func aMistakeIsToldOf(_ index: Int) throws {
        let mistake = Self.mistakes[index]
        for (name, text) in [
            ("plain.txt", "\"fine\"\nno JSON\n"), ("number.txt", "12\n"), ("bytes.txt", "[1, 256]\n"),
            ("three.txt", "[\"a\", \"b\", \"c\"]\n"), ("cut.txt", "\"no end\n"), ("one.txt", "one\n"),
            ("one.jsonl", "\"one\"\n"),
            ("many.txt", (0..<20).map { "The boat number \($0)." }.joined(separator: "\n")),
        ] {
            try folder.write(text, to: name)
        }
        let used = Set(mistake.arguments)
        if used.contains("wide.gguf") {
            try write("wide.gguf", width: 128) { $0.set("llama.pooling_type", .uint32(1)) }
        }
        if used.contains("words.gguf") {
            try write("words.gguf", dropping: 2) { $0.set("llama.pooling_type", .uint32(1)) }
        }
        if used.contains("last.gguf") { try write("last.gguf") { $0.set("llama.pooling_type", .uint32(3)) } }
        if used.contains("writer.gguf") { try write("writer.gguf") { _ in } }
        if used.contains("strange.gguf") { try write("strange.gguf") { $0.set("llama.pooling_type", .uint32(9)) } }
        let result = try program.run(["embed"] + mistake.arguments)
        #expect(result.status == mistake.status, "\(mistake.arguments): \(result.errors)")
        #expect(result.errors.contains(mistake.words), "\(mistake.arguments): \(result.errors)")
        #expect(result.output.isEmpty)
    }

    @Test func buildsAreComparedByTheirVectors() throws {
        try folder.write((0..<20).map { "The boat number \($0) lay there." }.joined(separator: "\n"), to: "many.txt")
        try program("quantize", "model.gguf", "-o", "q8.gguf", "--type", "q8_0", "--quiet")
        let result = try program("embed", "q8.gguf", "--against", "model.gguf", "--file", "many.txt", "--json")
        let report = try result.json()
        #expect(report["texts"] as? Int == 20 && report["neighbours"] as? Int == 10)
        let cosine = try #require(report["meanCosine"] as? Double)
        #expect(cosine > 0.99 && cosine < 1, "\(result.output)")
        let same = try program("embed", "model.gguf", "--against", "model.gguf", "--file", "many.txt", "--json").json()
        #expect(same["meanCosine"] as? Double == 1 && same["overlapPercent"] as? Double == 100)
    }

    /// What is measured of predictions is refused, whatever the vocabulary puts around texts.
    @Test func figuresOfPredictionsAreRefusedWhereThereAreNone() throws {
        let text = try folder.write(String(repeating: "The boat lay there. ", count: 200), to: "text.txt").string
        try write("both.gguf") { $0.set("llama.attention.causal", .bool(false)) }
        for arguments in [["perplexity"], ["imatrix", "-o", "matrix.gguf"]] {
            let result = try program.run(arguments + ["both.gguf", "--text", text, "--context", "32", "--chunks", "2"])
            #expect(result.status == 3 && result.errors.contains("edgepipe embed"), "\(arguments): \(result.errors)")
        }
    }

    @Test func phonesAreToldTheSpeedOfReadingAlone() throws {
        let result = try program("fit", "model.gguf", "--device", "pixel-8", "--json")
        let estimate = try #require(try result.json([[String: Any]].self).first)
        #expect(estimate["decode"] == nil && estimate["joulesPerToken"] == nil && estimate["prefill"] != nil)
        #expect(try program("fit", "model.gguf", "--device", "pixel-8").errors.contains("speed is that of reading"))
    }
}
