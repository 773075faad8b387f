import Foundation
import ModelHub
import SystemPackage
import TestSupport
import Testing
import Transfer

/// No network, by wish or by accident.
@Suite struct HubOfflineTests {
    private let downloads = Downloads()

    private var unreachable: HubSettings {
        get throws {
            // A port that nobody listens at any more.
            let endpoint = try SmallHub([]).endpoint
            var settings = HubSettings(cache: HubCache(folder: downloads.cache), endpoint: endpoint)
            settings.transport.retries.base = .milliseconds(1)
            return settings
        }
    }

    @Test func offlineAsksNobody() async throws {
        let hub = try SmallHub(Downloads.files)
        var settings = downloads.settings(hub)
        settings.isOffline = true
        #expect(
            await downloads.failure(from: hub, "main", settings)
                == .notInCache(repository: "acme/tiny", revision: "main", cache: downloads.cache)
        )
        #expect(hub.requests.isEmpty)
        let model = try await downloads.fetch(from: hub)
        let count = hub.requests.count
        #expect(try await downloads.fetch(from: hub, "main", settings) == model)
        #expect(hub.requests.count == count)
    }

    @Test func withoutANetworkTheCopyHereIsUsedAndSaidSo() async throws {
        let hub = try SmallHub(Downloads.files)
        let model = try await downloads.fetch(from: hub)
        let remarks = Mutexed<[String]>([])
        let again = try await downloads.fetch(
            from: hub,
            "main",
            try unreachable,
            remark: { text in remarks.change { $0.append(text) } }
        )
        #expect(again == model)
        #expect(remarks.value.count == 1)
        #expect(remarks.value.first?.hasSuffix("The copy in the local cache is used.") == true)
    }

    @Test func withoutANetworkAndWithoutACopyTheErrorNamesTheHost() async throws {
        let hub = try SmallHub(Downloads.files)
        let error = await downloads.failure(from: hub, "main", try unreachable)
        #expect(error == .unreachable(host: "127.0.0.1", reason: "Connection refused"))
        #expect(error?.isBadInput == false)
    }

    /// A download of any program may have been cut off between two files.
    @Test func aSnapshotThatLacksAFileIsNotTakenForTheModel() async throws {
        let hub = try SmallHub(Downloads.files)
        let model = try await downloads.fetch(from: hub)
        try FileManager.default.removeItem(atPath: model.folder.appending("model.safetensors").string)
        var settings = downloads.settings(hub)
        settings.isOffline = true
        let error = await downloads.failure(from: hub, SmallHub.commit, settings)
        #expect(
            error
                == .incompleteInCache(
                    repository: "acme/tiny",
                    revision: SmallHub.commit,
                    missing: ["model.safetensors"],
                    cache: downloads.cache
                )
        )
        #expect(try await downloads.fetch(from: hub, SmallHub.commit) == model, "the Hub mends it")
        #expect(try await downloads.fetch(from: hub, SmallHub.commit, settings) == model)
    }

    /// The listing that huggingface_hub leaves tells of files that the weights' index cannot.
    @Test func aListingInTheCacheTellsWhatIsMissing() async throws {
        let hub = try SmallHub(Downloads.files)
        try await downloads.fetch(from: hub)
        let entries = ["config.json", "merges.txt", "model.safetensors", "onnx/model.onnx", "README.md"].map {
            "\"\($0)\": {\"size\": 1, \"blob_id\": \"\"}"
        }
        try downloads.scratch.write(
            "{\"format_version\": 1, \"files\": {\(entries.joined(separator: ", "))}}",
            to: "hub/models--acme--tiny/trees/\(SmallHub.commit).json"
        )
        let error = #expect(throws: ModelHubError.self) {
            try HubCache(folder: downloads.cache).locate(.hub(repository: "acme/tiny", revision: "main"))
        }
        #expect(error?.description.contains("'merges.txt' is missing") == true)
    }
}
