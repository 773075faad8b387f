import ModelHub
import SystemPackage
import TestSupport
import Testing

@Suite struct HubCacheTests {
    private let commit = "0123456789abcdef0123456789abcdef01234567"

    /// A cache as huggingface_hub leaves it: one commit, under a branch, a tag and a pull request.
    private func cache(_ scratch: ScratchFolder) throws -> HubCache {
        let model = "hub/models--owner--name"
        try scratch.write("{}", to: "\(model)/snapshots/\(commit)/config.json")
        try scratch.write("", to: "\(model)/snapshots/\(commit)/model.safetensors")
        try scratch.write(commit, to: "\(model)/refs/main")
        try scratch.write("\(commit)\n", to: "\(model)/refs/v1.0")
        try scratch.write(commit, to: "\(model)/refs/refs/pr/3")
        return HubCache(folder: scratch.appending("hub"))
    }

    @Test(arguments: ["main", "v1.0", "refs/pr/3", "0123456789abcdef0123456789abcdef01234567"])
    func aModelIsFoundByBranchTagAndCommit(_ revision: String) throws {
        let scratch = try ScratchFolder()
        let cache = try cache(scratch)
        let model = try cache.locate(.hub(repository: "owner/name", revision: revision))
        #expect(model.folder == scratch.appending("hub/models--owner--name/snapshots/\(commit)"))
        #expect(model.origin?.description == "hf://owner/name@\(commit)")
    }

    @Test(arguments: [("owner/name", "v2.0"), ("owner/other", "main"), ("name", "main")])
    func aMissingModelSaysHowToFetchIt(_ repository: String, _ revision: String) throws {
        let scratch = try ScratchFolder()
        let cache = try cache(scratch)
        let error = try #require(throws: ModelHubError.self) {
            try cache.locate(.hub(repository: repository, revision: revision))
        }
        #expect(error == .notInCache(repository: repository, revision: revision, cache: cache.folder))
        #expect(error.description.contains("Run this once without 'offline'"))
        #expect(error.description.contains(cache.folder.string))
    }

    /// A branch whose commit was never fetched, or whose file is no commit, leads nowhere.
    @Test(arguments: ["fedcba9876543210", "../../../../etc", "", "zzzz"])
    func aReferenceWithoutItsSnapshotIsAMissingModel(_ text: String) throws {
        let scratch = try ScratchFolder()
        let cache = try cache(scratch)
        try scratch.write(text, to: "hub/models--owner--name/refs/broken")
        #expect(throws: ModelHubError.self) {
            try cache.locate(.hub(repository: "owner/name", revision: "broken"))
        }
    }

    @Test func aFolderIsTakenAsItIs() throws {
        let scratch = try ScratchFolder()
        let cache = HubCache(folder: scratch.appending("nowhere"))
        #expect(try cache.locate(.folder(scratch.path)).folder == scratch.path)
        let missing = scratch.appending("missing")
        #expect(throws: ModelHubError.noSuchFolder(missing)) { try cache.locate(.folder(missing)) }
    }

    /// The order of huggingface_hub; a variable that is set to nothing counts as not set.
    @Test(arguments: [
        (["HF_HUB_CACHE": "/a", "HF_HOME": "/b", "XDG_CACHE_HOME": "/c", "HOME": "/d"], "/a"),
        (["HF_HOME": "/b", "XDG_CACHE_HOME": "/c", "HOME": "/d"], "/b/hub"),
        (["XDG_CACHE_HOME": "/c", "HOME": "/d"], "/c/huggingface/hub"),
        (["HOME": "/d"], "/d/.cache/huggingface/hub"),
        ([:], "/.cache/huggingface/hub"),
        (["HF_HOME": "~/x", "HOME": "/d"], "/d/x/hub"), (["HF_HUB_CACHE": "~", "HOME": "/d"], "/d"),
        (["HF_HUB_CACHE": "~other/x", "HOME": "/d"], "~other/x"),
        (["HF_HUB_CACHE": "", "HF_HOME": "", "XDG_CACHE_HOME": "", "HOME": "/d"], "/d/.cache/huggingface/hub"),
    ])
    func theEnvironmentNamesTheFolder(_ environment: [String: String], _ expected: String) {
        #expect(HubCache(environment: environment).folder == FilePath(expected))
    }
}
