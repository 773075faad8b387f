import BinaryIO
import Conversion
import Safetensors
import SystemPackage
import TestSupport
import Testing

/// Files that are not what they are called, as failed downloads and clones leave them.
@Suite struct ForeignFilesTests {
    private static let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
    private static let page = "\n<!DOCTYPE html>\n<html><head><title>Sign in</title></head></html>"

    @Test(arguments: ["config.json", "tokenizer.json", "tokenizer_config.json"])
    func pointersAndPagesAreCalledSo(_ name: String) throws {
        for (text, content, advice) in [
            (Self.pointer, ForeignContent.lfsPointer, "git lfs pull"), (Self.page, .webPage, "a web page"),
        ] {
            let folder = try ScratchFolder()
            let path = try SmallCheckpoint.llama().write(into: folder)
            try folder.write(Array(text.utf8), to: "model/\(name)")
            let error = #expect(throws: ConversionError.self) { _ = try ConversionPlan(HuggingFaceFolder(path: path)) }
            #expect(error?.problem == .foreignContent(file: "'\(name)'", content))
            #expect(error?.description.contains(advice) == true)
        }
    }

    @Test func aPointerInPlaceOfPiecesIsCalledSo() throws {
        let folder = try ScratchFolder()
        let path = try SmallCheckpoint.phi3().write(into: folder)
        try folder.write(Array(Self.pointer.utf8), to: "model/tokenizer.model")
        let error = #expect(throws: ConversionError.self) { _ = try ConversionPlan(HuggingFaceFolder(path: path)) }
        #expect(error?.problem == .foreignContent(file: "'tokenizer.model'", .lfsPointer))
    }

    @Test func aPointerInPlaceOfWeightsIsCalledSo() throws {
        let folder = try ScratchFolder()
        let path = try SmallCheckpoint.llama().write(into: folder)
        try folder.write(Array(Self.pointer.utf8), to: "model/model.safetensors")
        let error = #expect(throws: SafetensorsError.self) { _ = try HuggingFaceFolder(path: path) }
        #expect(error?.problem == .foreignContent(.lfsPointer))
    }

    /// config.json says nothing of it, but the tensors' names do.
    @Test(arguments: [
        ("self_attn.v_proj.g_idx", "GPTQ"), ("self_attn.v_proj.qweight", "GPTQ or AWQ"),
        ("self_attn.v_proj.SCB", "bitsandbytes in 8 bits"),
        ("self_attn.v_proj.weight.absmax", "bitsandbytes in 4 bits"),
    ])
    func quantizedWeightsWithoutAWordOfItAreCalledSo(_ name: String, _ method: String) throws {
        var checkpoint = SmallCheckpoint.llama()
        checkpoint.add("model.layers.0.\(name)", [4], dtype: "F32")
        #expect(try Conversions().problem(checkpoint) == .quantizedTensor("model.layers.0.\(name)", method: method))
    }
}
