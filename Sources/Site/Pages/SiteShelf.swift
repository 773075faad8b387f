import Answers
import BinaryIO
import DeviceFit
import Foundation
import Registry

/// The part of a registry that a site shows.
public struct SiteScope: Hashable, Sendable {
    /// Only builds of this model; nil for all.
    public var model: String?
    /// Only builds that this channel points to; nil for all.
    public var channel: String?

    /// Shows everything by default.
    public init(model: String? = nil, channel: String? = nil) { (self.model, self.channel) = (model, channel) }

    func contains(_ version: VersionRecord) -> Bool {
        (model == nil || version.model == model) && (channel.map { version.channels.contains($0) } ?? true)
    }
}

/// The names and versions of a site's models.
package struct SiteShelf: Sendable {
    struct Model: Sendable {
        let name: String
        /// The versions, newest first.
        let versions: [VersionRecord]

        /// The newest release, or the newest pre-release if there is no release.
        var current: VersionRecord { versions.first { !$0.version.isPreRelease } ?? versions[0] }
        var updated: Date { versions.map(\.createdAt).max() ?? .distantPast }
        var channels: [String] { Set(versions.flatMap(\.channels)).sorted() }
    }

    /// The models, latest publication first.
    let models: [Model]

    /// - Throws: `RegistryError`.
    package init(_ session: RegistrySession, _ scope: SiteScope = SiteScope()) throws {
        let versions = try session.versions().filter { scope.contains($0) && $0.types.contains { !$0.isProjectorType } }
        models = Dictionary(grouping: versions, by: \.model)
            .map { Model(name: $0, versions: $1.sorted { $0.version > $1.version }) }
            .sorted { ($0.updated, $1.name) > ($1.updated, $0.name) }
    }

    func model(_ name: String) -> Model? { models.first { $0.name == name } }

    var pageCount: Int { max(1, (models.count + SiteLimits.models - 1) / SiteLimits.models) }
}

extension String {
    /// Whether a build of this type is a projector (the vision or audio part of a model).
    var isProjectorType: Bool { hasPrefix(BuildName.projectorPrefix) }
}

extension Collection where Element == BuildRecord {
    /// The range of sizes: `12.3 MB – 40.1 MB`, or one size.
    func sizes(_ words: SiteWords) -> String {
        let bytes = map(\.fileBytes)
        guard let least = bytes.min(), let most = bytes.max() else { return "" }
        return least == most ? words.size(least) : "\(words.size(least)) – \(words.size(most))"
    }

    /// The licences by name, each once.
    var licenses: [String] { Set(map(\.facts.license)).sorted() }
}
