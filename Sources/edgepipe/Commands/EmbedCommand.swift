import Answers
import Architectures
import ArgumentParser
import Evaluation
import Foundation
import SystemPackage

struct EmbedCommand: RecordCommand {
    static let configuration = CommandConfiguration(
        commandName: "embed",
        abstract: "Turn texts into vectors, or score pairs of texts with a reranker.",
        discussion: """
            Prints a JSON array of numbers for each text, on a line of its own; without pooling, an array for each of \
            its tokens. A reranker prints its scores.

            EXAMPLES
              edgepipe embed model.gguf "Hello there"
              jq -c .text documents.jsonl | edgepipe embed model.gguf --json-lines
              edgepipe embed model-q4_k_m.gguf --against model-f32.gguf --file texts.jsonl --json-lines
              edgepipe embed model-q4_k_m.gguf --against model-f32.gguf --file sample.txt
              echo '["What is a panda?", "A bear."]' | edgepipe embed reranker.gguf --json-lines
            """
    )

    @Argument(help: "The GGUF file to run.")
    var model: String

    @Argument(help: "The text; default: standard input.")
    var text: String?

    @Option(help: ArgumentHelp("Read the text from a file.", valueName: "file"))
    var file: String?

    @Flag(
        help: """
            Read many texts, on each line a JSON string, an array of bytes, or for a reranker an array of a query \
            and a document.
            """
    )
    var jsonLines = false

    @Option(
        help: ArgumentHelp(
            "How tokens become one vector: none, mean, cls, last or rank; default: the model's own.",
            valueName: "kind"
        )
    )
    var pooling: String?

    @Flag(name: .customLong("no-normalize"), help: "Do not normalize vectors; by default their length is 1.")
    var isRaw = false

    @Option(
        help: ArgumentHelp(
            """
            Print no vectors, but how far they are from this model's: mean cosine, and overlap of the ten nearest \
            texts. Each line is a text.
            """,
            valueName: "model"
        )
    )
    var against: String?

    @OptionGroup var work: WorkOptions
    @OptionGroup var records: OutputOptions

    func validate() throws {
        if text != nil, file != nil { throw ValidationError("Give the text or --file, not both.") }
        if let pooling, Pooling(named: pooling) == nil {
            throw ValidationError("--pooling takes \(Pooling.names.joined(separator: ", ")).")
        }
        if against != nil {
            if text != nil {
                throw ValidationError("--against compares many texts: give them in a file, or to standard input.")
            }
            try refuse(ignored: ["--no-normalize": isRaw], because: "cosines do not depend on lengths.")
        } else if records.chosen == .csv || records.chosen == .markdown {
            throw ValidationError("embed prints JSON arrays; leave out --format.")
        }
    }

    func run() throws {
        let bytes = try bytes()
        if let against { return try compare(bytes, with: against) }
        let inputs = jsonLines ? try Embeddings.inputs(jsonLines: bytes) : [.text(bytes)]
        try Embeddings.make(
            of: inputs,
            with: FilePath(model),
            pooling: pooling.flatMap(Pooling.init(named:)),
            isNormalized: !isRaw,
            threads: work.threadCount,
            remark: { records.remark($0) }
        ) { pooling, vectors in
            let rows = vectors.map { "[\($0.map { "\($0)" }.joined(separator: ","))]" }
            let line = rows.joined(separator: ",")
            Console.print(pooling == .none ? "[\(line)]" : line)
        }
    }

    private func compare(_ bytes: [UInt8], with base: String) throws {
        let line = records.progressLine()
        let result = try Embeddings.compare(
            FilePath(model),
            with: FilePath(base),
            on: bytes,
            isJSON: jsonLines,
            pooling: pooling.flatMap(Pooling.init(named:)),
            threads: work.threadCount
        ) { try line.track($0, $1, $2) }
        line.clear()
        try records.print(result) { _ in
            """
            mean cosine \(numberText(result.meanCosine, 6)), least \(numberText(result.minCosine, 6))
            overlap of the \(result.neighbours) nearest \(numberText(result.overlapPercent, 2)) %
            \(result.texts) texts, pooling \(result.pooling), \(result.dimensions) elements

            """
        }
    }

    private func bytes() throws -> [UInt8] {
        if let text { return Array(text.utf8) }
        if let file { return try Tokenization.text(FilePath(file)) }
        return Array(FileHandle.standardInput.readDataToEndOfFile())
    }
}
