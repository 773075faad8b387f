import Briefs
import DeviceFit
import Foundation
import Registry
import SystemPackage

/// What a comparison is asked for.
public struct BriefRequest: Sendable {
    /// Builds, `model[@version]:type`; none for the best that the query finds.
    public var builds: [String] = []
    public var query = BuildQuery()
    /// What the app is for, in the asker's words.
    public var task: String?
    public var language = Language.english
    /// The year that "three to four years ago" counts from.
    public var year = Calendar(identifier: .gregorian).component(.year, from: Date())

    public init() {}
}

extension Operations {
    /// The page that compares two or three builds for one platform.
    /// - Throws: `PipelineError.badRequest` where nothing fits or no platform is known.
    public static func compare(_ request: BriefRequest, in registry: FilePath) throws -> Brief? {
        try reading(registry) { registry in
            let (builds, platform, target) = try briefed(request, registry)
            guard !builds.isEmpty else { return nil }
            return Brief(
                builds,
                platform: platform,
                task: request.task,
                target: target,
                olderYears: olderYears(request),
                language: request.language
            )
        }
    }

    /// Code that loads a build.
    /// - Parameter name: `model[@version][:type]`
    public static func snippet(
        _ kind: SnippetKind,
        of name: String,
        context: Int?,
        kvType: String,
        in registry: FilePath
    ) throws -> Snippet {
        var request = BriefRequest()
        request.builds = [name]
        (request.query.context, request.query.kvType) = (context, kvType)
        request.query.platform = kind == .kotlin ? .android : .ios
        return try reading(registry) { registry in
            guard let build = try briefed(request, registry).builds.first else {
                throw PipelineError.badRequest("'\(name)' has no profile in the registry. Publish it again.")
            }
            return Snippet(kind, for: build)
        }
    }

    private static func olderYears(_ request: BriefRequest) -> ClosedRange<Int> {
        (request.year - 4)...(request.year - 3)
    }

    /// Builds that were named, or the best ones that fit: of three the first of each model, then more of the best one's.
    private static func briefed(
        _ request: BriefRequest,
        _ registry: ModelRegistry
    ) throws -> (builds: [BriefedBuild], platform: Platform, target: String) {
        var query = request.query
        let catalogue = try catalogue()
        let devices = try Operations.devices(query.devices, running: query.system, in: catalogue)
        guard let platform = query.platform ?? devices.first?.platform else {
            throw PipelineError.badRequest("Say what the app runs on: --platform android or ios, or --device.")
        }
        if query.devices.isEmpty, query.ram == nil {
            // What most phones of the platform give an app today.
            query.ram = try ByteSize("3GB")
        }
        query.platform = platform
        guard let target = try query.target() else { return ([], platform, "") }
        let words = (devices.map(\.name) + [query.ram.map { "\($0)" }].compactMap { $0 }).joined(separator: ", ")
        if !request.builds.isEmpty, let filter = query.filters.first {
            throw PipelineError.badRequest(
                "\(filter) chooses among the registry's builds, and these are named. Leave it out, or name no builds."
            )
        }
        let chosen: [BuildSummary]
        if request.builds.isEmpty {
            let answer = try query.answer(from: registry)
            chosen = pick([answer.best].compactMap { $0 } + answer.alternatives)
        } else {
            chosen = try request.builds.map { name in
                let record = try registry.resolve(try BuildReference(name))
                let wasChecked = ModelProfile(stored: record.facts.profile)?.loads == true
                if !wasChecked, let reason = try LoadableBuilds.problem(of: record, in: registry) {
                    throw PipelineError.badFile("\(record.name): \(reason)")
                }
                return try BuildSummary(registry, record)
            }
        }
        let estimator = FitEstimator(catalogue: catalogue)
        let measured = try registry.deviceMeasurements(on: devices.map(\.id))
        let older = catalogue.devices.filter { $0.platform == platform && olderYears(request).contains($0.year) }
        let builds = try chosen.compactMap { summary -> BriefedBuild? in
            let record = try registry.resolve(try BuildReference(summary.build))
            guard let profile = try? JSONDecoder().decode(ModelProfile.self, from: Data(record.facts.profile.utf8))
            else {
                return nil
            }
            let fit = query.fitRequest(for: profile)
            var judged = summary
            if judged.estimate == nil {
                judged.set(try target.estimates(profile, fit, measured: measured[record.digest] ?? [:]))
            }
            guard let estimate = judged.estimate else { return nil }
            return BriefedBuild(
                build: summary.build,
                model: summary.model,
                quantType: record.facts.quantType,
                bitsPerWeight: summary.bitsPerWeight,
                fileBytes: summary.fileBytes,
                license: summary.license,
                source: record.facts.sourceURI,
                bitsPerByte: summary.bitsPerByte,
                perplexity: summary.perplexity,
                kld: summary.kld,
                profile: profile,
                estimate: estimate,
                olderPhones: try older.map { try estimator.estimate(profile, on: $0, fit) }
            )
        }
        return (builds, platform, words)
    }

    private static func pick(_ ranked: [BuildSummary]) -> [BuildSummary] {
        var models: Set<String> = []
        let firsts = ranked.filter { models.insert($0.model).inserted }.prefix(3)
        let names = Set(firsts.map(\.build))
        let rest = ranked.filter { !names.contains($0.build) }.prefix(3 - firsts.count)
        let kept = names.union(rest.map(\.build))
        return ranked.filter { kept.contains($0.build) }
    }
}
