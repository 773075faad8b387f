import Foundation
import ModelHub
import SystemPackage
import TestSupport
import Testing

/// What comes to lie where, and what is asked for.
@Suite struct HubTests {
    private let downloads = Downloads()

    @Test func aModelComesToLieAsHuggingFacesOwnLibraryLaysIt() async throws {
        let hub = try SmallHub(Downloads.files)
        let model = try await downloads.fetch(from: hub)
        #expect(model.folder == downloads.snapshot)
        #expect(model.origin?.description == "hf://acme/tiny@\(SmallHub.commit)")
        for file in Downloads.files {
            let link = downloads.snapshot.appending(file.path).string
            let target = try FileManager.default.destinationOfSymbolicLink(atPath: link)
            #expect(target == "../../blobs/\(file.digest)")
            #expect(downloads.bytes(downloads.snapshot.appending(file.path)) == file.bytes)
        }
        let reference = downloads.repository.appending("refs").appending("main")
        #expect(downloads.bytes(reference) == Array(SmallHub.commit.utf8))
        let blobs = try FileManager.default.contentsOfDirectory(atPath: downloads.repository.appending("blobs").string)
        #expect(blobs.sorted() == Downloads.files.map(\.digest).sorted(), "nothing unfinished is left")
    }

    /// Everything a conversion reads, and none of what lies beside it in a typical repository.
    @Test func onlyWhatAConversionReadsIsFetched() async throws {
        let index =
            #"{"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}"#
        let wanted = [
            "README.md", "additional_chat_templates/tool.jinja", "chat_template.jinja", "config.json",
            "generation_config.json", "merges.txt", "model-00001-of-00002.safetensors",
            "model-00002-of-00002.safetensors", "model.safetensors.index.json", "special_tokens_map.json",
            "tokenizer.json", "tokenizer.model", "tokenizer_config.json", "vocab.json",
        ]
        let unwanted = [
            ".gitattributes", "LICENSE", "consolidated.safetensors", "model-00003-of-00002.safetensors",
            "model.safetensors", "onnx/model.onnx", "onnx/config.json", "original/consolidated.00.pth",
            "pytorch_model.bin", "tiny.q4.gguf", "additional_chat_templates/deep/er.jinja", "flax_model.msgpack",
        ]
        let hub = try SmallHub(
            (wanted + unwanted).map { SmallHub.File($0, Array(($0.hasSuffix("index.json") ? index : $0).utf8)) }
        )
        let model = try await downloads.fetch(from: hub)
        #expect(hub.fetched == wanted)
        let template = model.folder.appending("additional_chat_templates").appending("tool.jinja")
        #expect(downloads.bytes(template) == Array("additional_chat_templates/tool.jinja".utf8))
    }

    /// Models of before safetensors, whole, by an index and without one.
    @Test(arguments: [
        (["config.json", "pytorch_model.bin"], ["flax_model.msgpack", "rust_model.ot", "pytorch_model.fp16.bin"]),
        (
            [
                "config.json", "pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin",
                "pytorch_model.bin.index.json",
            ], ["pytorch_model-00003-of-00002.bin", "training_args.bin"]
        ),
        (["config.json", "pytorch_model-00001-of-00001.bin"], ["optimizer.bin", "onnx/pytorch_model.bin"]),
        (["config.json", "model.safetensors"], ["pytorch_model.bin", "pytorch_model.bin.index.json"]),
    ])
    func picklesAreFetchedWhereThereIsNothingElse(_ wanted: [String], _ unwanted: [String]) async throws {
        let index =
            #"{"weight_map": {"a": "pytorch_model-00001-of-00002.bin", "b": "pytorch_model-00002-of-00002.bin"}}"#
        let hub = try SmallHub(
            (wanted + unwanted).map { SmallHub.File($0, Array(($0.hasSuffix("index.json") ? index : $0).utf8)) }
        )
        let model = try await downloads.fetch(from: hub)
        #expect(hub.fetched == wanted)
        #expect(try HubCache(folder: downloads.cache).locate(.hub(repository: "acme/tiny", revision: "main")) == model)
    }

    @Test func aShardOfPicklesThatIsAwayIsNamed() async throws {
        let index = #"{"weight_map": {"a": "pytorch_model-00001-of-00001.bin"}}"#
        let names = ["config.json", "pytorch_model.bin.index.json", "pytorch_model-00001-of-00001.bin"]
        let hub = try SmallHub(names.map { SmallHub.File($0, Array(($0.hasSuffix("index.json") ? index : $0).utf8)) })
        let model = try await downloads.fetch(from: hub)
        try FileManager.default.removeItem(atPath: model.folder.appending(names[2]).string)
        let error = #expect(throws: ModelHubError.self) {
            try HubCache(folder: downloads.cache).locate(.hub(repository: "acme/tiny", revision: "main"))
        }
        #expect(error?.description.contains(names[2]) == true)
    }

    /// Such files tell nothing of the model at their beginning.
    @Test func aModelOfPicklesHasNoOutline() throws {
        let hub = try SmallHub(["config.json", "pytorch_model.bin"].map { SmallHub.File($0, Array($0.utf8)) })
        let settings = downloads.settings(hub)
        let error = #expect(throws: ModelHubError.self) {
            try Hub(settings).outline(
                .hub(repository: hub.repository, revision: "main"),
                in: downloads.scratch.appending("outline")
            ) { _, _, _ in }
        }
        #expect(error?.description.contains("pytorch_model.bin") == true)
        #expect(hub.fetched.isEmpty)
    }

    @Test func anAdapterIsFetchedWithoutABaseModel() async throws {
        let names = ["adapter_config.json", "adapter_model.safetensors"]
        let hub = try SmallHub(names.map { SmallHub.File($0, Array($0.utf8)) })
        let model = try await downloads.fetch(from: hub)
        #expect(hub.fetched == names)
        #expect(try HubCache(folder: downloads.cache).locate(.hub(repository: "acme/tiny", revision: "main")) == model)
    }

    @Test func whatIsHereIsNotFetchedAgain() async throws {
        let hub = try SmallHub(Downloads.files)
        let first = try await downloads.fetch(from: hub)
        let count = hub.requests.count
        #expect(try await downloads.fetch(from: hub) == first)
        #expect(hub.requests.count == count + 1, "a branch may have moved, so it is asked for")
        #expect(try await downloads.fetch(from: hub, SmallHub.commit) == first)
        #expect(hub.requests.count == count + 1, "a commit cannot")
    }

    /// Most files stay the same from one commit to the next.
    @Test func aBlobOfAnotherRevisionIsOnlyLinked() async throws {
        let old = downloads.blob(Downloads.model).removingLastComponent()
        try FileManager.default.createDirectory(atPath: old.string, withIntermediateDirectories: true)
        try Data(Downloads.weights).write(to: URL(fileURLWithPath: downloads.blob(Downloads.model).string))
        let hub = try SmallHub(Downloads.files)
        let model = try await downloads.fetch(from: hub)
        #expect(hub.fetched == ["config.json", "tokenizer.json"])
        #expect(downloads.digest(model.folder.appending("model.safetensors")) == Downloads.model.digest)
    }

    /// A blob that the disk cut short does not count as here.
    @Test func aBlobOfAnotherSizeIsFetchedAnew() async throws {
        let hub = try SmallHub(Downloads.files)
        let model = try await downloads.fetch(from: hub)
        try Data([1]).write(to: URL(fileURLWithPath: downloads.blob(Downloads.model).string))
        try await downloads.fetch(from: hub)
        #expect(downloads.digest(model.folder.appending("model.safetensors")) == Downloads.model.digest)
    }

    @Test func twoTasksThatWantTheSameModelFetchItOnce() async throws {
        let hub = try SmallHub(Downloads.files) { _, answer, _ in
            var answer = answer
            answer.delay = 0.01
            return answer
        }
        async let first = downloads.fetch(from: hub)
        async let second = downloads.fetch(from: hub)
        #expect(try await first == second)
        #expect(hub.fetched == Downloads.files.map(\.path).sorted())
    }

    @Test func progressRunsFromNothingToAllAndNeverBack() async throws {
        let hub = try SmallHub(Downloads.files) { request, answer, count in
            guard request.target.hasSuffix("model.safetensors") else { return nil }
            var answer = answer
            answer.delay = 0.05
            if count == 0 { answer.cutAfter = 200_000 }
            // The second time the server knows no ranges, so all comes anew.
            if count == 1 { answer = .init(200, body: Downloads.weights) }
            return answer
        }
        let told = Mutexed<[(done: Int, total: Int)]>([])
        try await downloads.fetch(from: hub) { detail, done, total in
            #expect(detail == "downloading acme/tiny")
            if total > 0 { told.change { $0.append((done, total)) } }
        }
        let sum = Downloads.files.reduce(0) { $0 + $1.bytes.count }
        #expect(told.value.allSatisfy { $0.total == sum })
        #expect(told.value.map(\.done) == told.value.map(\.done).sorted())
        #expect(told.value.last?.done == sum)
    }

    /// As Ctrl-C does: what came stays for the next run.
    @Test func aProgressThatThrowsStopsTheDownloadAndKeepsWhatCame() async throws {
        struct Stop: Error {}
        let wasStopped = Mutexed(false)
        // The server holds back the end of the weights until the stop, so that no download is whole before it.
        let hub = try SmallHub(Downloads.files) { request, answer, _ in
            guard request.target.hasSuffix("model.safetensors"), request.method == "GET" else { return nil }
            var answer = answer
            answer.cutAfter = 131_072
            answer.mayCut = { wasStopped.value }
            return answer
        }
        let others = Downloads.files.reduce(0) { $0 + $1.bytes.count } - Downloads.weights.count
        await #expect(throws: Stop.self) {
            // The progress counts all files, and the others may come first.
            try await downloads.fetch(from: hub) { _, done, _ in
                guard done > others + 65_536 else { return }
                wasStopped.change { $0 = true }
                throw Stop()
            }
        }
        let kept = try #require(downloads.bytes(downloads.partial))
        let isStart = kept == Array(Downloads.weights.prefix(kept.count))
        #expect(kept.count >= 65_536 && isStart)
        #expect(downloads.bytes(downloads.snapshot.appending("config.json")) == nil, "no snapshot before all is here")
    }

    @Test func aListingWithoutSizesIsCompletedByAskingForEachFile() async throws {
        let hub = try SmallHub(Downloads.files) { request, answer, _ in
            guard request.target.hasPrefix("/api/") else { return nil }
            let siblings = Downloads.files.map { ["rfilename": $0.path] }
            let listing = try! JSONSerialization.data(
                withJSONObject: ["sha": SmallHub.commit, "siblings": siblings]
            )
            return .init(200, body: listing)
        }
        let model = try await downloads.fetch(from: hub)
        #expect(hub.requests.filter { $0.method == "HEAD" }.count == 3)
        #expect(downloads.digest(model.folder.appending("model.safetensors")) == Downloads.model.digest)
    }
}
