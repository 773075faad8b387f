import Conversion
import Testing

@Suite struct ModelNamingTests {
    struct Example: Sendable, CustomTestStringConvertible {
        let identifier: String
        let parameters: Int
        let basename: String?
        let finetune: String?
        let version: String?
        let size: String?
        var testDescription: String { identifier }

        init(_ identifier: String, _ parameters: Int, _ parts: (String?, String?, String?, String?)) {
            self.identifier = identifier
            self.parameters = parameters
            (basename, finetune, version, size) = parts
        }
    }

    /// Names on the Hub, with basename, finetune, version and size label. Each was read by hand and agrees with
    /// `Metadata.get_model_id_components` of llama.cpp's gguf-py.
    @Test(arguments: [
        Example("microsoft/Phi-3-mini-4k-instruct", 3_821_079_552, ("Phi-3", "4k-instruct", nil, "mini")),
        Example("microsoft/Phi-3.5-mini-instruct", 3_821_079_552, ("Phi-3.5", "instruct", nil, "mini")),
        Example("microsoft/Phi-3-medium-128k-instruct", 13_960_238_080, ("Phi-3", "128k-instruct", nil, "medium")),
        Example("meta-llama/Meta-Llama-3-8B", 8_030_261_248, ("Meta-Llama-3", nil, nil, "8B")),
        Example("meta-llama/Llama-3.2-1B-Instruct", 1_235_814_400, ("Llama-3.2", "Instruct", nil, "1B")),
        Example("meta-llama/Meta-Llama-3.1-70B-Instruct", 70_553_706_496, ("Meta-Llama-3.1", "Instruct", nil, "70B")),
        Example("mistralai/Mistral-7B-Instruct-v0.3", 7_248_023_552, ("Mistral", "Instruct", "v0.3", "7B")),
        Example("mistralai/Mixtral-8x7B-v0.1", 46_702_792_704, ("Mixtral", nil, "v0.1", "8x7B")),
        Example("TinyLlama/TinyLlama-1.1B-Chat-v1.0", 1_100_048_384, ("TinyLlama", "Chat", "v1.0", "1.1B")),
        Example("Qwen/Qwen2.5-0.5B-Instruct", 494_032_768, ("Qwen2.5", "Instruct", nil, "0.5B")),
        Example("bigscience/bloom-7b1-petals", 7_069_016_064, ("bloom", "petals", nil, "7.1B")),
        Example("NousResearch/Hermes-2-Pro-Llama-3-8B", 8_030_261_248, ("Hermes-2-Pro-Llama-3", nil, nil, "8B")),
        Example("HuggingFaceTB/SmolLM2-135M-Instruct", 134_515_008, ("SmolLM2", "Instruct", nil, "135M")),
        Example("google/gemma-2b-it", 2_506_172_416, ("gemma", "it", nil, "2B")),
        Example("stabilityai/stablelm-2-1_6b", 1_644_515_328, ("stablelm-2", nil, nil, "1.6B")),
        Example("01-ai/Yi-34B-200K", 34_388_917_248, ("Yi", "200k", nil, "34B")),  // a context, not a size
        Example(
            "gradientai/Llama-3-8B-Instruct-Gradient-1048k",
            8_030_261_248,
            ("Llama-3", "Instruct-Gradient-1048k", nil, "8B")
        ),
        Example("lmsys/vicuna-13b-v1.5-16k", 13_015_864_320, ("vicuna", "16k", "v1.5", "13B")),
        Example("openai-community/gpt2-xl", 1_557_611_200, ("gpt2", nil, nil, "xl")),
        Example("tiny-phi3", 5_000_000, (nil, nil, nil, nil)),
        Example("My Model 7B", 7_000_000_000, (nil, nil, nil, nil)),
    ])
    func namesOnTheHubAreTakenApart(_ example: Example) {
        let naming = ModelNaming(example.identifier, parameterCount: example.parameters)
        #expect(naming.basename == example.basename)
        #expect(naming.finetune == example.finetune)
        #expect(naming.version == example.version)
        #expect(naming.sizeLabel == example.size)
        let halves = example.identifier.split(separator: "/").map(String.init)
        #expect(naming.organization == (halves.count == 2 ? halves[0] : nil))
        #expect(naming.fullName == halves.last)
    }

    @Test func aFolderBesideIsNoOrganization() {
        #expect(ModelNaming("./model", parameterCount: 1).organization == nil)
        #expect(ModelNaming("/model", parameterCount: 1).organization == nil)
    }

    @Test(arguments: [
        ("tiny-phi3", "Tiny Phi3"), ("Phi-3-mini-4k-instruct", "Phi 3 Mini 4k Instruct"), ("meta-llama", "Meta Llama"),
        ("QwQ-32B", "QwQ 32B"), ("model-v1.5", "Model v1.5"), ("7b-chat", "7b Chat"), ("a2b-x_y", "A2B X_Y"), ("", ""),
    ])
    func titlesBeginWordsWithCapitals(_ name: String, _ title: String) {
        #expect(ModelNaming.title(name) == title)
    }

    @Test(arguments: [
        (3_821_079_552, "3.8B"), (5_000_000, "5.0M"), (999_999, "1000K"), (1_000_000, "1000K"), (1_000_001, "1.0M"),
        (134_515_008, "135M"), (70_553_706_496, "71B"), (1_100_048_384, "1.1B"), (9_960_000, "10M"), (12, "0.01K"),
        (1_500_000_000_000, "1.5T"),
    ])
    func countsAreSaidInAtLeastTwoDigits(_ count: Int, _ label: String) {
        #expect(GeneralMetadata.sizeLabel(count) == label)
    }
}
