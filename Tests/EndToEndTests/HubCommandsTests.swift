import BinaryIO
import Foundation
import SystemPackage
import TestSupport
import Testing

/// Commands on a model of the Hub, which here is a server on the loopback address with models/tiny-phi3.
@Suite struct HubCommandsTests {
    private let hub: SmallHub
    private let program: Program

    /// Sends the weights slowly, the first time that they are asked for.
    private let isSlow = Mutexed(false)

    init() throws {
        let folder = URL(fileURLWithPath: tinyFolder)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        let files = try names.map { name in
            let isLarge = name.hasSuffix(".safetensors")
            return SmallHub.File(name, try Data(contentsOf: folder.appending(path: name)), isLarge: isLarge)
        }
        hub = try SmallHub(
            files + [SmallHub.File("pytorch_model.bin", [1])],
            as: "acme/tiny-phi3"
        ) { [isSlow] request, answer, count in
            var answer = answer
            if isSlow.value, count == 0, request.target.hasSuffix(".safetensors") { answer.delay = 0.1 }
            return answer
        }
        var program = Program(folder: try ScratchFolder())
        program.environment = [
            "HF_ENDPOINT": hub.endpoint, "HF_HOME": program.folder.appending("home").string, "HF_TOKEN": "hf_secret",
            "HF_HUB_OFFLINE": "", "HF_HUB_CACHE": "",
        ]
        self.program = program
    }

    /// The same file but for the names, which the reference takes from the repository and from the folder.
    @Test func convertGivesWhatTheFolderGives() throws {
        let downloaded = try program("convert", "hf://acme/tiny-phi3", "-o", "hub.gguf", "--type", "f16")
        #expect(downloaded.status == 0 && downloaded.errors == "")
        #expect(hub.fetched.contains("pytorch_model.bin") == false)
        try program("convert", tinyFolder, "-o", "folder.gguf", "--type", "f16")
        func inspect(_ file: String) throws -> (metadata: [String: NSObject], tensors: NSArray) {
            let report = try program("inspect", file, "--tensors", "--digests", "--json").json()
            let metadata = try #require(report["metadata"] as? [String: NSObject])
            let tensors = try #require(report["tensors"] as? [[String: Any]])
            let facts = tensors.map { [$0["name"], $0["type"], $0["sha256"]].compactMap { $0 as? String } }
            return (metadata, facts as NSArray)
        }
        var (first, second) = (try inspect("hub.gguf"), try inspect("folder.gguf"))
        #expect(first.tensors == second.tensors)
        #expect(first.metadata["general.name"] == "acme/tiny-phi3" as NSString)
        #expect(second.metadata["general.name"] == "Tiny Phi3" as NSString)
        first.metadata["general.name"] = nil
        second.metadata["general.name"] = nil
        for key in Set(first.metadata.keys).union(second.metadata.keys) {
            let isEqual = first.metadata[key] == second.metadata[key]
            #expect(isEqual, "\(key)")
        }
    }

    @Test func aSecondCommandDownloadsNothing() throws {
        let ids = try program("tokenize", "hf://acme/tiny-phi3", "Hello").output
        let count = hub.fetched.count
        #expect(count > 3)
        #expect(try program("tokenize", "hf://acme/tiny-phi3", "Hello").output == ids)
        #expect(hub.fetched.count == count)
        let requests = hub.requests.count
        #expect(try program("tokenize", "hf://acme/tiny-phi3", "Hello", "--offline").output == ids)
        #expect(hub.requests.count == requests)
    }

    @Test func ctrlCKeepsWhatCameAndTheNextRunGoesOn() throws {
        isSlow.change { $0 = true }
        let convert = ["convert", "hf://acme/tiny-phi3", "-o", "x.gguf"]
        let running = try program.start(convert)
        let blobs = program.folder.appending("home").string + "/hub/models--acme--tiny-phi3/blobs"
        func partialSize() -> Int {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: blobs)) ?? []
            let partial = names.first { $0.hasSuffix(".incomplete") && $0.count > 64 }
            let attributes = partial.flatMap { try? FileManager.default.attributesOfItem(atPath: "\(blobs)/\($0)") }
            return attributes?[.size] as? Int ?? 0
        }
        let deadline = Date() + 30
        while partialSize() < 300_000, Date() < deadline { usleep(5_000) }
        running.signal(SIGINT)
        let stopped = try running.wait()
        #expect(stopped.status == 130 && stopped.errors.contains("interrupted"), "\(stopped)")
        let kept = partialSize()
        #expect(kept >= 300_000)
        #expect(try program.run(convert).status == 0)
        #expect(hub.requests.last { $0.target.hasSuffix(".safetensors") }?.headers["range"] == "bytes=\(kept)-")
    }

    @Test func offlineWithoutACopyIsBadInput() throws {
        let result = try program("convert", "hf://acme/tiny-phi3", "-o", "x.gguf", "--offline")
        #expect(result.status == 3 && result.errors.contains("not in the local Hugging Face cache"))
        #expect(hub.requests.isEmpty)
    }

    @Test func aHubThatCannotBeReachedIsAFailureThatKeepsTheTokenSecret() throws {
        var program = program
        program.environment["HF_ENDPOINT"] = "https://huggingface.invalid"
        program.environment["HTTPS_PROXY"] = "http://127.0.0.1:1"
        let result = try program("convert", "hf://acme/tiny-phi3", "-o", "x.gguf", limit: 120)
        #expect(result.status == 1 && result.errors.contains("huggingface.invalid cannot be reached"), "\(result)")
        #expect(result.errors.contains("secret") == false)
    }

    /// A plan and a dry run only look; the run downloads, and its registry names the commit.
    @Test func aPipelineDownloadsWhenItRuns() throws {
        let steps = """
            pipeline: tiny-hub
            version: 1.0.0
            model:
              source: hf://acme/tiny-phi3
              license: mit
            steps:
              - id: f16
                convert: { type: f16 }
            """
        try program.folder.write(steps, to: "hub.yaml")
        for arguments in [["plan", "hub.yaml"], ["run", "hub.yaml", "--dry-run"], ["validate", "hub.yaml"]] {
            let result = try program.run(arguments)
            #expect(result.status == 0, "\(result)")
            if arguments[0] != "validate" { #expect(result.output.contains("`run` downloads it")) }
        }
        // Of the weights only the header was asked for, and nothing is kept.
        let weights = hub.requests.filter { $0.target.hasSuffix(".safetensors") }
        #expect(weights.count == 2 && weights.allSatisfy { $0.headers["range"]?.hasPrefix("bytes=0-") == true })
        #expect(FileStatus(program.folder.appending("home")) == nil)
        let forecast = try program("plan", "hub.yaml", "--json").json()
        let offline = try program("plan", "hub.yaml", "--offline")
        #expect(offline.status == 0 && offline.output.contains("Nothing is known of the model"))
        let run = try program("run", "hub.yaml", "--format", "jsonl")
        #expect(run.status == 0, "\(run)")
        #expect(run.lines.contains { $0.contains("\"event\":\"download\"") })
        let plan = try program("plan", "hub.yaml", "--json").json()
        #expect(plan["downloadBytes"] as? Int == 0 && forecast["downloadBytes"] as? Int ?? 0 > 9_000_000)
        func outputs(_ plan: [String: Any]) throws -> NSArray {
            let steps = try #require(plan["steps"] as? [[String: Any]])
            return steps.map { ($0["forecast"] as? [String: Any])?["outputs"] as? NSArray ?? [] } as NSArray
        }
        #expect(try outputs(forecast) == outputs(plan), "before the download as after it")
        #expect(plan["source"] as? String == "hf://acme/tiny-phi3@\(SmallHub.commit)")
    }
}
