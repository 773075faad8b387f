import BinaryIO
import Foundation
import SystemPackage

extension CachedRepository {
    /// Files that a conversion needs and the snapshot lacks, because the download of some program was interrupted.
    ///
    /// The required files come from the listing of the commit if huggingface_hub saved it, otherwise from the index of
    /// the weights.
    func missing(in commit: String) throws -> [String] {
        func has(_ name: String) -> Bool { FileStatus(path(of: name, in: commit))?.isFolder == false }
        if let listing = try rememberedListing(of: commit) {
            return (listing.requiredFiles.map(\.path) + (try shards(in: commit))).filter { !has($0) }
        }
        if has("adapter_config.json"), has("adapter_model.safetensors") { return [] }
        let needed = ["config.json"] + (try weights(in: commit))
        return needed.filter { !has($0) }
    }

    /// The files of weights, if there is no listing.
    private func weights(in commit: String) throws -> [String] {
        let shards = try shards(in: commit)
        guard shards.isEmpty else { return shards }
        let single = ["model.safetensors", "pytorch_model.bin"]
        if let found = single.first(where: { fileIdentity(path(of: $0, in: commit)) != nil }) { return [found] }
        return numberedPickles(in: commit) ?? [single[0]]
    }

    /// All shards of a series of which one exists and that has no index; nil if there is none.
    private func numberedPickles(in commit: String) -> [String]? {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: snapshot(commit).string)) ?? []
        let counts = names.compactMap { name in
            name.wholeMatch(of: /pytorch_model-\d{5}-of-(\d{5})\.bin/).flatMap { Int($0.1) }
        }
        guard let count = counts.min(), (1...1024).contains(count) else { return nil }
        func digits(_ number: Int) -> String { String("\(100_000 + number)".dropFirst()) }
        return (1...count).map { "pytorch_model-\(digits($0))-of-\(digits(count)).bin" }
    }

    /// The shards in an index; those of pickles count only if there is no single file of weights.
    private func shards(in commit: String) throws -> [String] {
        func has(_ name: String) -> Bool { fileIdentity(path(of: name, in: commit)) != nil }
        guard let index = WeightsIndex.files.first(where: has) else { return [] }
        if index == WeightsIndex.ofPickles, has("model.safetensors") || has("pytorch_model.bin") { return [] }
        return try WeightsIndex(path: path(of: index, in: commit)).shards
    }

    /// The listing of a commit that newer versions of huggingface_hub save, `trees/<commit>.json`.
    private func rememberedListing(of commit: String) throws -> HubListing? {
        let path = folder.appending("trees").appending("\(commit).json")
        guard FileStatus(path) != nil, let bytes = try? readFile(path, limit: HubListing.byteLimit),
            let document = try? JSONValue(parsing: bytes), document["format_version"]?.integer == 1,
            let files = document["files"]?.object
        else { return nil }
        return HubListing(
            commit: commit,
            files: files.members.map { HubFile(path: $0.key, size: $0.value["size"]?.integer, digest: nil) }
        )
    }
}
