import Architectures
import BinaryIO
import Briefs
import DeviceFit
import Registry

/// What a mobile team asks for.
public struct BuildQuery: Sendable {
    /// Memory that the app may use; beside devices, the smaller limit counts.
    public var ram: ByteSize?
    /// The system of the phones.
    public var platform: Platform?
    /// Devices of the catalogue, by id, name or model code; a build has to fit all of them.
    public var devices: [String] = []
    /// The version of their system, such as 17 or 26.4; nil takes the limits of the catalogue.
    public var system: String?
    /// Tokens; nil takes 4096, or what the model was trained for where that is less.
    public var context: Int?
    /// Element type of the key-value cache; nil takes f16.
    public var kvType: String?
    /// Builds of this model only.
    public var model: String?
    /// The largest file.
    public var maxSize: ByteSize?
    /// Tokens a second while generating.
    public var minSpeed: Double?
    /// The same after ten minutes without a pause.
    public var minSustainedSpeed: Double?
    /// Percent of a full battery for a thousand tokens.
    public var maxBattery: Double?
    /// Builds under this licence only, in any case of letters.
    public var license: String?
    /// Builds that this channel points to only.
    public var channel: String?
    /// What builds give for a text; nil takes language models, or what a model that is named gives.
    public var kind: ModelKind?
    /// What the model is for; it must be tagged with all of these.
    public var tags: [String] = []
    /// Whether it must take images; what it sees with counts as memory then.
    public var takesImages = false
    /// Of the reasons and remarks in the answer.
    public var language = Language.english

    /// Asks for all builds, and judges none by a phone.
    public init() {}
}

extension BuildQuery {
    /// A registry with more builds than this answers a query over all its models with the best few; of one model, all
    /// builds are ranked whatever their number.
    static let mostRankedWhole = 200
    /// How many builds, and how many refusals, such an answer names.
    package static let mostNamed = 20

    /// How many builds are looked at for an answer.
    package enum Ranking {
        /// Few of a large registry, all of a small one.
        case usual
        case all
        /// Few, whatever the registry's size; see `ShortlistRequest.patience`.
        case few(patience: Int)
    }

    /// Ranks the registry's builds: of those that fit, the best in bits per byte of the same text first.
    /// - Throws: `RegistryError`, `DeviceFitError` for an unknown device, `AnswersError.badRequest`.
    public func answer(from session: RegistrySession) throws -> QueryAnswer {
        try answer(from: session, ranking: .usual)
    }

    /// The same, with the way to it chosen.
    package func answer(from session: RegistrySession, ranking: Ranking) throws -> QueryAnswer {
        let registry = session.registry
        let target = try target(among: session.catalogue())
        try NothingFits.unless(registry, knowsModel: model, channel: channel)
        let measured = try registry.deviceMeasurements(on: target?.deviceIDs ?? [])
        var judge = BuildJudge(self, target: target, measured: measured, in: session)
        // The standings know no quality of models that embed.
        if model == nil, judge.kind == .language, let patience = try patience(ranking, registry),
            let answer = try answerWithFew(of: session, &judge, patience: patience)
        {
            return answer
        }
        let records = try registry.builds(matching: BuildFilter(model: model, channel: channel))
        judge.chooseKind(among: records)
        var assessment = try assess(records, registry, &judge)
        let ranked = try assessment.ranked(naming: .max, language, in: session)
        return QueryAnswer(best: ranked.first, alternatives: Array(ranked.dropFirst()), refused: assessment.refused)
    }

    /// How long to walk standings one by one; nil to rank all builds.
    private func patience(_ ranking: Ranking, _ registry: ModelRegistry) throws -> Int? {
        switch ranking {
        case .all: return nil
        case .few(let patience): return patience
        case .usual:
            guard let count = try registry.standingCount(), count > Self.mostRankedWhole else { return nil }
            return ShortlistRequest.usualPatience
        }
    }

    /// The same with at most `mostNamed` builds, without reading the others.
    /// - Parameter wanted: how many of those that fit are looked at; more than are named where engines cannot load some.
    private func answerWithFew(
        of session: RegistrySession,
        _ judge: inout BuildJudge,
        patience: Int,
        wanted: Int = mostNamed
    ) throws -> QueryAnswer? {
        let registry = session.registry
        var request = ShortlistRequest(
            count: wanted,
            channel: channel,
            fileBytes: [maxSize?.bytes, judge.target?.mostFileBytes].compactMap { $0 }.min(),
            license: license
        )
        request.patience = patience
        let shortlist = try registry.shortlist(request, best: judge.prospects()) { try judge.fate(of: $0) }
        guard let shortlist else { return nil }
        // What was measured on these devices may tell otherwise than an estimate of the shape.
        let known = Set((shortlist.chosen + shortlist.refused).map(\.digest))
        let measured = try registry.builds(
            ofDigests: judge.measured.keys.filter { !known.contains($0) },
            channel: channel
        )
        var assessment = try assess(shortlist.chosen + shortlist.refused + measured, registry, &judge)
        let ranked = try assessment.ranked(naming: Self.mostNamed, language, on: shortlist.commonText, in: session)
        // The next best take the places of those that cannot be loaded; a registry full of them is not read to its end.
        if ranked.count < Self.mostNamed, assessment.holdsUnloadable, shortlist.chosen.count >= wanted,
            wanted < Self.mostRankedWhole
        {
            return try answerWithFew(of: session, &judge, patience: patience, wanted: wanted * 2)
        }
        let named = assessment.refused.prefix(Self.mostNamed)
        return QueryAnswer(
            best: ranked.first,
            alternatives: Array(ranked.dropFirst()),
            refused: Array(named),
            omitted: shortlist.total - ranked.count - named.count
        )
    }

    private func assess(
        _ records: [BuildRecord],
        _ registry: ModelRegistry,
        _ judge: inout BuildJudge
    ) throws -> Assessment {
        let damaged = try registry.damagedObjects()
        var assessment = Assessment()
        var fitting: [BuildRecord] = []
        for record in records where !record.name.isProjector {
            var summary = BuildSummary(record)
            var reasons = try judge.reasons(against: record, &summary)
            if damaged.contains(record.digest) {
                reasons.insert(ReasonWords(language: language).damaged, at: 0)
            }
            if reasons.isEmpty {
                fitting.append(record)
                assessment.fitting.append(summary)
                if !judge.wasChecked(record.facts.profile) { assessment.unchecked[summary.build] = record }
            } else {
                assessment.refused.append(.init(build: summary.build, reasons: reasons))
            }
        }
        let figures = try registry.figures(of: fitting.map(\.digest), metrics: BuildSummary.metrics)
        for (index, record) in fitting.enumerated() { assessment.fitting[index].set(figures[record.digest] ?? []) }
        return assessment
    }
}
