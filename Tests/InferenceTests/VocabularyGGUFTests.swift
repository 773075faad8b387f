import BinaryIO
import GGUF
import Inference
import SystemPackage
import TestSupport
import Testing
import Tokenizers

/// Real vocabularies, with the ids that their own tokenizers give for hard test strings.
@Suite(.enabled(if: Goldens.vocabularies != nil, "EDGEPIPE_GOLDENS names no folder with a folder 'vocab'"))
struct VocabularyGoldenTests {
    static let names =
        ["phi-3", "llama-bpe", "qwen2"]
        // Checked where the folder has them: llama.cpp keeps more vocabularies than the goldens do.
        + ["llama-spm", "gpt-2", "mpt", "starcoder", "refact", "command-r", "falcon", "qwen35"].filter { name in
            guard let folder = Goldens.vocabularies else { return false }
            return (try? readFile(folder.appending("ggml-vocab-\(name).gguf.out"), limit: 1 << 20)) != nil
        }

    @Test(arguments: names)
    func everyTestStringHasItsExpectedIds(name: String) throws {
        let folder = try #require(Goldens.vocabularies)
        let path = folder.appending("ggml-vocab-\(name).gguf")
        let tokenizer = try Tokenizer(try GGUFFile(path: path).reading { try Vocabulary($0) })
        let inputs = try lines(of: FilePath("\(path).inp"), separator: "\n__ggml_vocab_test__\n")
        let outputs = try lines(of: FilePath("\(path).out"), separator: "\n")
        #expect(inputs.count > 40 && outputs.count >= inputs.count)
        for (input, output) in zip(inputs, outputs) {
            let expected = output.split(separator: " ").compactMap { Int32($0) }
            let found = try tokenizer.encode(input, addSpecial: false)
            #expect(found == expected, "\(input.debugDescription)")
            // Byte-level tokens hold every byte; SentencePiece drops nothing but the space that it added.
            #expect(tokenizer.decode(found) == input, "\(input.debugDescription)")
        }
    }

    private func lines(of path: FilePath, separator: String) throws -> [String] {
        let bytes = try readFile(path, limit: 1 << 20)
        let mark = Array(separator.utf8)
        var parts: [[UInt8]] = [[]]
        var rest = bytes[...]
        while let byte = rest.first {
            if rest.starts(with: mark) {
                parts.append([])
                rest = rest.dropFirst(mark.count)
            } else {
                parts[parts.count - 1].append(byte)
                rest = rest.dropFirst()
            }
        }
        return parts.map { String(decoding: $0, as: UTF8.self) }
    }
}
