import BinaryIO
import Pipeline
import Steps
import StepsTestSupport
import SystemPackage
import TestSupport
import Testing

/// What a conversion has to say is heard in a pipeline too.
@Suite struct ConversionRemarkTests {
    @Test func aRunTellsWhatTheConversionNoted() throws {
        var tiny = try TinyRun()
        try tiny.copySource()
        for name in ["config.json", "generation_config.json"] {
            let path = FilePath(tiny.pipeline.source).appending(name)
            let text = String(decoding: try readFile(path, limit: 1 << 20), as: UTF8.self)
            let changed = text.replacing(/"eos_token_id": *[0-9]+/, with: "\"eos_token_id\": [3064]")
            try tiny.scratch.write(changed, to: "tiny-phi3/\(name)")
        }
        try tiny.scratch.write("{}", to: "tiny-phi3/tokenizer_config.json")
        let events = Mutexed<[RunEvent]>([])
        let runner = try tiny.runner {
            $0.only = "f16"
        } report: { event in
            events.change { $0.append(event) }
        }
        _ = try runner.run()
        let remarks = events.value.filter { $0.event == .remark && $0.step == "f16" }.compactMap(\.detail)
        #expect(remarks.contains { $0.contains("gives a list of them") }, "\(remarks)")
    }
}
