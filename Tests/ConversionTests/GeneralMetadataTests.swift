import Conversion
import GGUF
import TestSupport
import Testing

@Suite struct GeneralMetadataTests {
    private func metadata(generation: String, name: String? = nil) throws -> Metadata {
        var checkpoint = SmallCheckpoint.llama()
        checkpoint.files["generation_config.json"] = Array(generation.utf8)
        checkpoint.config["_name_or_path"] = name
        return try Conversions().convert(checkpoint).metadata
    }

    @Test func samplingSettingsAreWrittenWithTheirTypesInTheReferencesOrder() throws {
        let metadata = try metadata(
            generation: #"{"temperature":0.6,"top_p":0.9,"top_k":40,"repetition_penalty":1.1,"min_p":null}"#
        )
        #expect(
            metadata.pairs.filter { $0.key.contains("sampling") }.map { "\($0.key.dropFirst(17)) \($0.value)" } == [
                "top_k int32(40)", "top_p float32(0.9)", "temp float32(0.6)", "penalty_repeat float32(1.1)",
            ]
        )
    }

    @Test(arguments: [#"{"top_k":"x"}"#, #"{"top_k":4294967296}"#, #"{"temperature":[1]}"#])
    func aSettingThatIsNoNumberIsRefused(_ generation: String) throws {
        #expect(throws: ConversionError.self) { _ = try metadata(generation: generation) }
    }

    @Test func theNameInTheConfigComesBeforeTheFolders() throws {
        let named = try metadata(generation: "{}", name: #""example/Small-Llama-3B-Instruct""#)
        #expect(named["general.name"] == .string("Small Llama 3B Instruct"))
        #expect(named["general.organization"] == .string("Example"))
        #expect(named["general.finetune"] == .string("3b-Instruct"))  // 3B is far from the weights' count
        // More than one slash is a path on somebody's machine.
        let pathed = try metadata(generation: "{}", name: #""/home/somebody/checkpoint""#)
        #expect(pathed["general.name"] == .string("Model"))
    }

    /// A snapshot's folder is called by its commit, which says nothing of the model.
    @Test func aModelOfTheHubIsCalledByItsRepository() throws {
        let scratch = try ScratchFolder()
        let path = try SmallCheckpoint.llama().write(into: scratch)
        let folder = try HuggingFaceFolder(path: path, repository: "example/Small-Llama-instruct")
        let metadata = try ConversionPlan(folder).metadata
        #expect(metadata["general.name"] == .string("example/Small-Llama-instruct"))
        #expect(metadata["general.basename"] == .string("Small-Llama"))
        #expect(metadata["general.finetune"] == .string("instruct"))
        #expect(metadata["general.organization"] == nil)
    }
}
