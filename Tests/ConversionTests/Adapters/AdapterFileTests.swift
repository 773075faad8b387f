import Conversion
import GGUF
import SystemPackage
import Tensors
import TestSupport
import Testing

/// Adapters by themselves; scripts/compare-lora.py compares them with the reference's, byte by byte.
@Suite struct AdapterFileTests {
    private func converted(_ adapter: SmallAdapter, _ type: ConvertedType = .f32) throws -> GGUFFile {
        let folder = try ScratchFolder()
        let reference = AdapterReference(folder: try adapter.write(into: folder))
        let model = try HuggingFaceFolder(path: SmallCheckpoint.llama().write(into: folder))
        let output = folder.path.appending("out.gguf")
        try Converter(ConversionPlan(adapter: reference, of: model, type: type)).run(to: output, threads: 1)
        return try GGUFFile(path: output)
    }

    @Test func anAdapterHasTwoTensorsForEachThatItUpdates() throws {
        let adapter = SmallAdapter.ofValues()
        let file = try converted(adapter)
        #expect(file.tensors.map(\.name) == ["blk.0.attn_v.weight.lora_a", "blk.0.attn_v.weight.lora_b"])
        #expect(file.tensors.map(\.shape.dimensions) == [[256, 4], [4, 128]])
        let module = "\(SmallAdapter.layer).self_attn.v_proj"
        #expect(try file.floats("blk.0.attn_v.weight.lora_a") == adapter.floats("\(module).lora_A.weight"))
        #expect(try file.floats("blk.0.attn_v.weight.lora_b") == adapter.floats("\(module).lora_B.weight"))
        #expect(file.metadata["general.type"] == .string("adapter"))
        #expect(file.metadata["adapter.lora.alpha"] == .float32(16))
        // "lora" says nothing of an adapter.
        #expect(file.metadata["general.name"] == .string("Some Lora"))
        #expect(file.metadata["general.finetune"] == nil)
        #expect(try converted(adapter, .f16).tensors.allSatisfy { $0.type == .f16 })
    }

    /// Engines know alpha through rank; what a root makes of it goes into the numbers.
    @Test func otherStrengthsGoIntoTheNumbers() throws {
        var adapter = SmallAdapter.ofValues()
        adapter.config["use_rslora"] = "true"
        let numbers = adapter.floats("\(SmallAdapter.layer).self_attn.v_proj.lora_B.weight")
        #expect(try converted(adapter).floats("blk.0.attn_v.weight.lora_b") == numbers.map { $0 * 2 })
    }

    @Test func whatAnAdaptersFileHasNoPlaceForIsRefused() throws {
        var saved = SmallAdapter.ofValues()
        saved.contents.add("base_model.model.model.embed_tokens.weight", [4, 256])
        var scaled = SmallAdapter.ofValues()
        scaled.config["use_dora"] = "true"
        scaled.contents.add("\(SmallAdapter.layer).self_attn.v_proj.lora_magnitude_vector", [128])
        for adapter in [saved, scaled] {
            #expect(throws: ConversionError.self) { _ = try converted(adapter) }
        }
    }
}
