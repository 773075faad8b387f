import Answers
import BinaryIO
import Distribution
import HTTPTypes
import Registry
import Synchronization

/// The models of a registry as repositories of an OCI registry. Manifests and documents are made on request, with the
/// same bytes that a push would send.
final class Repositories: Sendable {
    /// The entries of a repository, by digest.
    struct Contents: Sendable {
        var builds: [BuildRecord] = []
        var tags: [String: SHA256Digest] = [:]
        /// The build of each manifest, including manifests that only describe a build.
        var manifests: [SHA256Digest: BuildName] = [:]
        var blobs: [SHA256Digest: BuildName] = [:]
        var deltas: [SHA256Digest: DeltaShelf.Entry] = [:]
        /// Docker's manifests, which documents are attached to.
        var subjects: [BuildName: SHA256Digest] = [:]
    }

    private struct State {
        var registry: RegistryState?
        var contents: [String: Contents] = [:]
        var documents: [BuildName: BuildDocuments] = [:]
        var indexes: [String: IndexDocuments] = [:]
    }

    private static let mostContents = 256
    private static let mostDocuments = 32
    /// The limit: each build takes some ten kilobytes of a list.
    private static let mostListed = 5000

    let owner: String
    private let state = Mutex(State())

    init(owner: String) { self.owner = owner }

    /// The model of a repository. Names are checked against the grammar and then looked up as rows; they are used for
    /// nothing else.
    /// - Throws: `ServerError` if the name is invalid or unknown.
    func model(_ repository: String) throws -> String {
        guard OCIReference.isName(repository) else {
            throw ServerError(
                .badRequest,
                "badName",
                "'\(repository.visible)' is not a valid repository name.",
                oci: "NAME_INVALID"
            )
        }
        if repository == IndexDocuments.wholeRepository { return repository }
        let parts = repository.split(separator: "/").map(String.init)
        guard let model = parts.last, parts.count == 1 || (parts.count == 2 && parts[0] == owner) else {
            throw Self.unknown(repository)
        }
        return model
    }

    static func unknown(_ repository: String) -> ServerError {
        .notFound("there is no repository '\(repository.visible)' here.", oci: "NAME_UNKNOWN", hub: "RepoNotFound")
    }

    private func with<Value>(_ now: RegistryState, _ body: (inout sending State) throws -> sending Value) rethrows
        -> Value
    {
        try state.withLock { state in
            if state.registry != now { state = State(registry: now) }
            return try body(&state)
        }
    }

    /// The entries of a model's repository.
    /// - Parameter now: the registry's state before the session was queried.
    /// - Throws: `ServerError` if no build is offered.
    func contents(of model: String, _ now: RegistryState, _ session: RegistrySession) throws -> Contents {
        if let known = with(now, { $0.contents[model] }) { return known }
        var contents = Contents()
        contents.builds = try session.registry.builds(matching: BuildFilter(model: model))
        guard !contents.builds.isEmpty else { throw Self.unknown(model) }
        for build in contents.builds {
            // A build whose projector is lost is left out; the others are offered.
            guard let documents = try? documents(of: build, now, session) else { continue }
            for manifest in documents.manifests {
                contents.manifests[manifest.digest] = build.name
                if let tag = manifest.tag { contents.tags[tag] = manifest.digest }
                if manifest.dialect == .docker { contents.subjects[build.name] = manifest.digest }
            }
            for manifest in documents.referrers { contents.manifests[manifest.digest] = build.name }
            for blob in documents.blobs { contents.blobs[blob.digest] = build.name }
            for delta in documents.deltas { contents.deltas[delta.digest] = delta }
        }
        let made = contents
        with(now) { state in
            if state.contents.count >= Self.mostContents { state.contents = [:] }
            state.contents[model] = made
        }
        return contents
    }

    /// The documents of a build.
    func documents(of build: BuildRecord, _ now: RegistryState, _ session: RegistrySession) throws -> BuildDocuments {
        if let known = with(now, { $0.documents[build.name] }) { return known }
        let others = try session.attestations(of: build).map { document in
            PushedDocument(
                document.artifactType,
                title: document.name,
                bytes: document.bytes,
                annotations: document.annotations
            )
        }
        let documents = try session.registry.documents(of: build, with: others)
        with(now) { state in
            if state.documents.count >= Self.mostDocuments { state.documents = [:] }
            state.documents[build.name] = documents
        }
        return documents
    }

    /// The documents of the build that a manifest or a blob belongs to; nil if there is none.
    func documents(
        of name: BuildName?,
        in contents: Contents,
        _ now: RegistryState,
        _ session: RegistrySession
    ) throws -> BuildDocuments? {
        guard let name, let build = contents.builds.first(where: { $0.name == name }) else { return nil }
        return try documents(of: build, now, session)
    }

    /// The list of all builds, for clients that ask about the whole registry.
    /// - Throws: `ServerError` if the registry has more builds than a list may hold.
    func index(_ now: RegistryState, _ session: RegistrySession) throws -> IndexDocuments {
        let name = IndexDocuments.wholeRepository
        if let known = with(now, { $0.indexes[name] }) { return known }
        let builds = try session.registry.builds(matching: BuildFilter())
        guard builds.count <= Self.mostListed else {
            throw ServerError(
                .contentTooLarge,
                "tooLarge",
                "the registry has \(builds.count) builds, more than the \(Self.mostListed) of one list. Ask /api/v1/query, or a model's repository.",
                oci: "SIZE_INVALID"
            )
        }
        var subjects: [BuildName: SHA256Digest] = [:]
        for build in builds {
            guard let documents = try? documents(of: build, now, session) else { continue }
            subjects[build.name] = documents.manifests.first { $0.dialect == .docker }?.digest
        }
        let index = try IndexDocuments(of: builds, manifests: subjects, session.registry) { $0.model }
        with(now) { $0.indexes[name] = index }
        return index
    }

    /// The list of a repository's builds.
    func index(
        _ repository: String,
        _ contents: Contents,
        _ now: RegistryState,
        _ session: RegistrySession
    ) throws -> IndexDocuments {
        if let known = with(now, { $0.indexes[repository] }) { return known }
        let index = try IndexDocuments(
            of: contents.builds,
            manifests: contents.subjects,
            session.registry
        ) { _ in repository }
        with(now) { state in
            if state.indexes.count >= Self.mostDocuments { state.indexes = [:] }
            state.indexes[repository] = index
        }
        return index
    }
}
