import Answers
import BinaryIO
import Pipeline
import Registry
import Site
import Synchronization

/// The services that request handlers use.
final class Services: Sendable {
    let limits: ServerLimits
    /// The owner of the models in addresses of the Hub's form.
    let owner: String
    let sessions: SessionPool
    let blobs: BlobStore
    let repositories: Repositories
    let access: AccessControl
    /// Receives uploads; nil if the server is read-only.
    let receiving: Receiving?
    /// Results of steps; nil if none are served.
    let stepCache: ServedCache?
    let report: @Sendable (String) -> Void

    private let answers: WorkerThreads
    private let files: WorkerThreads
    private let cache: AnswerCache
    /// The models as pages list them, and the state of the registry that they were read in.
    private let shelf = Mutex<(state: RegistryState, models: SiteShelf)?>(nil)

    /// - Throws: `ServerStartError` if the token file cannot be read.
    init(_ settings: ServerSettings, report: @escaping @Sendable (String) -> Void) throws {
        (limits, owner, self.report) = (settings.limits, settings.owner, report)
        access = try AccessControl(settings)
        sessions = SessionPool(settings.registry)
        answers = WorkerThreads(settings.threads, mostQueued: settings.limits.queuedWork)
        files = WorkerThreads(settings.threads, mostQueued: settings.limits.connections * 4)
        cache = AnswerCache(limit: settings.limits.answerBytes)
        blobs = BlobStore(sessions, answers: answers, files: files, settings.limits)
        receiving = settings.isWritable ? Receiving(settings) : nil
        stepCache = try settings.cache.map { try ServedCache($0, settings) }
        repositories = Repositories(owner: settings.owner)
    }

    /// Queries a session of the registry on a thread that may wait.
    /// - Throws: `ServerError.busy`, `RegistryError`, errors of `body`.
    func asking<Value: Sendable>(_ body: @escaping @Sendable (RegistrySession) throws -> Value) async throws -> Value {
        let sessions = sessions
        return try await answers.run { try sessions.with(body) }
    }

    /// The models by name and version, which a large registry reads once for each of its states.
    /// - Throws: `RegistryError`.
    func shelf(of session: RegistrySession) throws -> SiteShelf {
        let now = try sessions.state()
        if let known = shelf.withLock({ $0 }), known.state == now { return known.models }
        let models = try SiteShelf(session)
        shelf.withLock { $0 = (now, models) }
        return models
    }

    /// Runs work on files on a thread that may wait.
    func working<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await files.run(body)
    }

    /// An answer that is made once for each state of the registry.
    /// - Parameter key: identifies the question; the same key always means the same question.
    func cached(
        _ key: String,
        _ make: @escaping @Sendable (RegistrySession) throws -> String
    ) async throws -> AnswerCache.Kept {
        try await cache.answer(to: key, sessions.state()) { AnswerCache.Kept(Array(try await asking(make).utf8)) }
    }

    func shutDown() async {
        await answers.shutDown()
        await files.shutDown()
        await receiving?.shutDown()
        sessions.close()
    }
}
