import GGUF
import SystemPackage
import TestSupport
import Testing

/// GGUF files that hold no model.
@Suite struct MetadataKindTests {
    private func metadata(_ entries: [String: String]) -> Metadata {
        var metadata = Metadata()
        for (key, value) in entries { metadata.set(key, .string(value)) }
        return metadata
    }

    @Test(arguments: [
        (["general.type": "adapter"], "a LoRA adapter"), (["general.type": "mmproj"], "sees or hears"),
        (["general.architecture": "clip"], "sees or hears"), (["general.type": "imatrix"], "an importance matrix"),
        (["general.type": "vocab"], "a vocabulary"),
    ])
    func whatIsNoModelIsCalledWhatItIs(_ entries: [String: String], _ words: String) {
        let problem = #expect(throws: GGUFProblem.self) { try metadata(entries).requireModel() }
        #expect(problem?.explanation.contains(words) == true)
    }

    @Test(arguments: [[:], ["general.type": "model"], ["general.architecture": "llama"]])
    func modelsAreModels(_ entries: [String: String]) {
        #expect(throws: Never.self) { try metadata(entries).requireModel() }
    }

    @Test func theFilesOfAFolderArePointedToTheFolder() throws {
        let folder = try ScratchFolder()
        for (name, words) in [
            ("config.json", "Give the folder that it is in"), ("model.gguf", "does not begin with the letters GGUF"),
        ] {
            try folder.write("{\"a\": 1, \"b\": 2}", to: name)
            let error = #expect(throws: GGUFError.self) { _ = try GGUFFile(path: folder.path.appending(name)) }
            #expect(error?.description.contains(words) == true)
        }
        try folder.write("version https://git-lfs.github.com/spec/v1\noid sha256:0\n", to: "pointer.gguf")
        let error = #expect(throws: GGUFError.self) { _ = try GGUFFile(path: folder.path.appending("pointer.gguf")) }
        #expect(error?.description.contains("git lfs pull") == true)
    }

    /// One more than the largest number is none.
    @Test func theLargestNumberOfAShardIsRefusedLikeAnyOther() throws {
        var metadata = Metadata()
        metadata.set("split.count", .uint16(2))
        metadata.set("split.no", .int64(.max))
        let folder = try ScratchFolder()
        let path = folder.path.appending("model-00001-of-00002.gguf")
        try GGUFFileWriter(path: path, layout: GGUFLayout(metadata: metadata, tensors: [])).commit()
        #expect(throws: GGUFError.self) { _ = try GGUFModel(path: path) }
    }
}
