import Architectures
import BinaryIO
import Briefs
import DeviceFit
import Registry

/// A mobile team's query for builds.
public struct BuildQuery: Sendable {
    /// The memory that the app may use; combined with devices, the smaller limit counts.
    public var ram: ByteSize?
    /// The system of the phones.
    public var platform: Platform?
    /// Devices of the catalogue, by id, name or model code; a build must fit all of them.
    public var devices: [String] = []
    /// The system version of the devices, such as 17 or 26.4; nil for the limits of the catalogue.
    public var system: String?
    /// The context length in tokens; nil for 4096, or the model's training context if that is shorter.
    public var context: Int?
    /// The element type of the key-value cache; nil for f16.
    public var kvType: String?
    /// The model of the builds; nil for all.
    public var model: String?
    /// The largest file size.
    public var maxSize: ByteSize?
    /// The lowest decoding speed, in tokens per second.
    public var minSpeed: Double?
    /// The lowest decoding speed after ten minutes without a pause, in tokens per second.
    public var minSustainedSpeed: Double?
    /// The largest share of a full battery for a thousand tokens, in percent.
    public var maxBattery: Double?
    /// The licence of the builds, in any case of letters; nil for all.
    public var license: String?
    /// The channel that points to the builds; nil for all.
    public var channel: String?
    /// The kind of output of the models; nil for language models, or for any kind if a model is named.
    public var kind: ModelKind?
    /// The purposes of the model; it must be tagged with all of these.
    public var tags: [String] = []
    /// Whether the model must accept images; the memory of its projector counts then.
    public var takesImages = false
    /// The language of the reasons and remarks in the answer.
    public var language = Language.english

    /// Creates a query for all builds, without judging them by a phone.
    public init() {}
}

extension BuildQuery {
    /// The number of builds above which a registry answers a query over all models with the best few; the builds of one
    /// named model are all ranked, whatever their number.
    static let mostRankedWhole = 200
    /// The number of builds, and of refusals, that such an answer names.
    package static let mostNamed = 20

    /// The number of builds that are examined for an answer.
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

    /// Ranks the registry's builds, with the number of examined builds chosen by `ranking`.
    package func answer(from session: RegistrySession, ranking: Ranking) throws -> QueryAnswer {
        let registry = session.registry
        let target = try target(among: session.catalogue())
        try NothingFits.unless(registry, knowsModel: model, channel: channel)
        let measured = try registry.deviceMeasurements(on: target?.deviceIDs ?? [])
        var judge = BuildJudge(self, target: target, measured: measured, in: session)
        // Standings have no quality of embedding models.
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

    /// The number of standings to walk one by one; nil to rank all builds.
    private func patience(_ ranking: Ranking, _ registry: ModelRegistry) throws -> Int? {
        switch ranking {
        case .all: return nil
        case .few(let patience): return patience
        case .usual:
            guard let count = try registry.standingCount(), count > Self.mostRankedWhole else { return nil }
            return ShortlistRequest.usualPatience
        }
    }

    /// Answers with at most `mostNamed` builds, without reading the others.
    /// - Parameter wanted: the number of fitting builds that are examined; more than are named if engines cannot load
    ///   some.
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
        // Measurements on these devices may contradict an estimate of the shape.
        let known = Set((shortlist.chosen + shortlist.refused).map(\.digest))
        let measured = try registry.builds(
            ofDigests: judge.measured.keys.filter { !known.contains($0) },
            channel: channel
        )
        var assessment = try assess(shortlist.chosen + shortlist.refused + measured, registry, &judge)
        let ranked = try assessment.ranked(naming: Self.mostNamed, language, on: shortlist.commonText, in: session)
        // The next best replace builds that cannot be loaded, but a registry full of such builds is not read to its
        // end.
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
