import Foundation
import ModelHub
import SystemPackage
import TestSupport
import Transfer

/// A small repository, and a cache of one test that it is downloaded to.
struct Downloads {
    /// Enough to be cut in the middle, and larger than one piece of a body.
    static let weights = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }
    static let config = SmallHub.File("config.json", Array(#"{"model_type": "tiny"}"#.utf8))
    static let tokenizer = SmallHub.File("tokenizer.json", Array("{}".utf8))
    static let model = SmallHub.File("model.safetensors", weights, isLarge: true)
    static let files = [config, tokenizer, model]

    let scratch = try! ScratchFolder()
    var cache: FilePath { scratch.appending("hub") }
    var repository: FilePath { cache.appending("models--acme--tiny") }
    var snapshot: FilePath { repository.appending("snapshots").appending(SmallHub.commit) }
    var partial: FilePath { blob(Self.model, ".incomplete") }

    func blob(_ file: SmallHub.File, _ suffix: String = "") -> FilePath {
        repository.appending("blobs").appending(file.digest + suffix)
    }

    func bytes(_ path: FilePath) -> [UInt8]? {
        (try? Data(contentsOf: URL(fileURLWithPath: path.string))).map { Array($0) }
    }

    /// The SHA-256 of a file's bytes.
    func digest(_ path: FilePath) -> String? { bytes(path).map { SmallHub.File("", $0, isLarge: true).digest } }

    /// As for a user, but patient for milliseconds only.
    func settings(_ hub: SmallHub) -> HubSettings {
        var settings = HubSettings(cache: HubCache(folder: cache), endpoint: hub.endpoint)
        settings.transport.retries.attempts = 3
        settings.transport.retries.base = .milliseconds(1)
        settings.transport.retries.longestAsked = .seconds(1)
        settings.transport.connectTimeout = .seconds(5)
        settings.transport.idleTimeout = .seconds(5)
        return settings
    }

    @discardableResult
    func fetch(
        from hub: SmallHub,
        _ revision: String = "main",
        _ settings: HubSettings? = nil,
        progress: @escaping Hub.Progress = { _, _, _ in },
        remark: @escaping Hub.Remark = { _ in }
    ) async throws -> LocatedModel {
        try await Hub(settings ?? self.settings(hub))
            .fetch(.hub(repository: hub.repository, revision: revision), progress: progress, remark: remark)
    }

    /// The error of a download that must fail.
    func failure(
        from hub: SmallHub,
        _ revision: String = "main",
        _ settings: HubSettings? = nil
    ) async -> ModelHubError? {
        do {
            try await fetch(from: hub, revision, settings)
            return nil
        } catch {
            return error as? ModelHubError
        }
    }
}
