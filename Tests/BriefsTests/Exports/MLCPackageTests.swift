import Briefs
import DeviceFit
import Foundation
import Testing

@Suite struct MLCPackageTests {
    private func package(location: String, id: String = "small-q4f16_1") throws -> MLCPackage {
        let estimate = try Sample.build("small", billions: 1).estimate
        return MLCPackage(
            platform: .ios,
            models: [
                MLCPackage.Model(
                    build: "small@1.0.0:q4_k_m",
                    bitsPerWeight: 4.8,
                    source: "hf://acme/small",
                    quantization: "q4f16_1",
                    location: location,
                    id: id,
                    estimate: estimate
                )
            ]
        )
    }

    private func entry(_ package: MLCPackage) throws -> [String: Any] {
        let object = try #require(try JSONSerialization.jsonObject(with: Data(package.json.utf8)) as? [String: Any])
        #expect(object["device"] as? String == "iphone" && object.count == 2)
        return try #require((object["model_list"] as? [[String: Any]])?.first)
    }

    @Test func theFieldsAreThoseThatMLCReads() throws {
        let entry = try entry(package(location: "HF://acme/small-q4f16_1-MLC"))
        #expect(entry["model"] as? String == "HF://acme/small-q4f16_1-MLC")
        #expect(entry["model_id"] as? String == "small-q4f16_1")
        #expect(entry["bundle_weight"] as? Bool == false)
        let overrides = try #require(entry["overrides"] as? [String: Int])
        #expect(overrides == ["context_window_size": 2048, "prefill_chunk_size": 512])
    }

    @Test func theMemoryIsTheEstimatesWithoutTheApp() throws {
        let memory = try Sample.build("small", billions: 1).estimate.memory
        let bytes = try entry(package(location: "x"))["estimated_vram_bytes"] as? Int
        #expect(bytes == memory.total.high - memory.runtimeOverhead.high)
    }

    @Test func bitsAreReadOutOfTheNamesOfQuantizations() {
        let known = ["q4f16_1": 4.5, "q3f16_1": 3.5, "q0f16": 16, "q0f32": 32, "q4bf16_1": 4.5]
        for (name, bits) in known { #expect(MLCPackage.bitsPerWeight(of: name) == bits, "\(name)") }
        for name in ["", "q4", "4f16", "q4_k_m", "q4f16;x", "q9f16", "qf16"] {
            #expect(MLCPackage.bitsPerWeight(of: name) == nil, "\(name)")
        }
    }

    /// `mlc_llm package` refuses a local folder that is not bundled.
    @Test func aLocalFolderIsBundled() throws {
        #expect(try entry(package(location: "dist/small-MLC"))["bundle_weight"] as? Bool == true)
    }

    @Test func foreignTextStaysAString() throws {
        let evil = "a\"},{\"b\\\u{1}\n"
        let entry = try entry(package(location: evil, id: evil))
        #expect(entry["model"] as? String == evil && entry["model_id"] as? String == evil)
    }

    @Test func theNotesSayThatMLCTakesNoGGUF() throws {
        let notes = try package(location: "dist/it's").notes
        #expect(notes.contains("MLC does not load GGUF") && notes.contains("small@1.0.0:q4_k_m"))
        #expect(notes.contains("mlc_llm convert_weight") && notes.contains(#"'dist/it'\''s'"#))
        #expect(try !package(location: "HF://a/b").notes.contains("convert_weight"))
    }
}
