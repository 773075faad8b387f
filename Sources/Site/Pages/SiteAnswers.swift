import Answers
import BinaryIO
import Briefs
import DeviceFit
import Registry

/// Answers to the questions that most apps ask, made beforehand.
struct SiteAnswers {
    /// An answer with what was asked.
    struct Found {
        let query: BuildQuery
        let answer: QueryAnswer
        /// Nil where memory was asked for.
        let device: Device?
        /// Nil where a device was asked for.
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

    /// Everything that is asked beforehand.
    func requests() throws -> [SiteRequest] {
        let budgets = Platform.allCases.flatMap { platform in MemoryStep.all.map { SiteRequest.best(platform, $0) } }
        return budgets + (try session.catalogue().devices.filter(\.hasAddress).map { .bestOnDevice($0.id) })
    }

    /// - Returns: nil for requests that are no such question, and for unknown devices.
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
    /// Whether its id can be a file's name; those of the catalogue can, and devices that somebody added may be called otherwise.
    var hasAddress: Bool { NameGrammar.accepts(id) }
}

extension QueryAnswer {
    /// The same with as many builds as a file that phones fetch should name; the others are counted.
    var named: QueryAnswer {
        let (fitting, refused) = (SiteLimits.fitting, SiteLimits.refused)
        var answer = self
        answer.omitted += max(0, alternatives.count - fitting) + max(0, self.refused.count - refused)
        answer.alternatives = Array(alternatives.prefix(fitting))
        answer.refused = Array(self.refused.prefix(refused))
        return answer
    }
}
