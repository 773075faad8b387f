import Answers
import BinaryIO
import Briefs
import DeviceFit
import Registry

/// Precomputed answers to the most common questions.
struct SiteAnswers {
    /// An answer with its question.
    struct Found {
        let query: BuildQuery
        let answer: QueryAnswer
        /// The device; nil if the question is about an amount of memory.
        let device: Device?
        /// The amount of memory; nil if the question is about a device.
        let step: MemoryStep?

        func target(_ words: SiteWords) -> String {
            if let device { return device.name }
            let system = query.platform.map(words.system) ?? ""
            return "\(system), \(step.map(words.memory) ?? "")"
        }
    }

    private let session: RegistrySession
    private let scope: SiteScope

    init(_ session: RegistrySession, _ scope: SiteScope) { (self.session, self.scope) = (session, scope) }

    /// The requests of all precomputed answers.
    func requests() throws -> [SiteRequest] {
        let budgets = Platform.allCases.flatMap { platform in MemoryStep.all.map { SiteRequest.best(platform, $0) } }
        return budgets + (try session.catalogue().devices.filter(\.hasAddress).map { .bestOnDevice($0.id) })
    }

    /// - Returns: nil if the request is not such a question, or the device is unknown.
    func answer(to request: SiteRequest, _ language: Language) throws -> Found? {
        var query = BuildQuery()
        (query.model, query.channel, query.language) = (scope.model, scope.channel, language)
        var (device, asked): (Device?, MemoryStep?)
        switch request {
        case .best(let platform, let step):
            (query.platform, query.ram, asked) = (platform, ByteSize(bytes: step.bytes), step)
        case .bestOnDevice(let id):
            device = try session.catalogue().devices.first { $0.id == id && $0.hasAddress }
            guard device != nil else { return nil }
            query.devices = [id]
        default: return nil
        }
        return Found(query: query, answer: try query.answer(from: session).named, device: device, step: asked)
    }
}

extension Device {
    /// Whether the device's id can be a file name. Ids in the catalogue can; a device that a user added may have
    /// another id.
    var hasAddress: Bool { NameGrammar.accepts(id) }
}

extension QueryAnswer {
    /// The answer limited to as many builds as a JSON file for phones should list; the others are counted.
    var named: QueryAnswer {
        let (fitting, refused) = (SiteLimits.fitting, SiteLimits.refused)
        var answer = self
        answer.omitted += max(0, alternatives.count - fitting) + max(0, self.refused.count - refused)
        answer.alternatives = Array(alternatives.prefix(fitting))
        answer.refused = Array(self.refused.prefix(refused))
        return answer
    }
}
