import Architectures
import BinaryIO
import Briefs
import DeviceFit
import Foundation
import Registry

/// The request for a comparison.
public struct BriefRequest: Sendable {
    /// Builds as `model[@version]:type`; empty for the best builds of the query.
    public var builds: [String] = []
    /// The query for builds and phones.
    public var query = BuildQuery()
    /// The purpose of the app, in the user's words.
    public var task: String?
    /// The language of the page.
    public var language = Language.english
    /// The year that "three to four years ago" counts from.
    public var year = Calendar(identifier: .gregorian).component(.year, from: Date())

    /// Requests the best builds, in English.
    public init() {}

    /// The years in which phones that are three to four years old were sold.
    var olderYears: ClosedRange<Int> { (year - 4)...(year - 3) }
}

extension RegistrySession {
    /// Makes the page that compares two or three builds for one platform.
    /// - Returns: nil if nothing fits.
    /// - Throws: `AnswersError.badRequest` if no platform is known; `RegistryError`, `DeviceFitError`.
    public func brief(_ request: BriefRequest) throws -> Brief? {
        let (builds, platform, target) = try briefed(request)
        guard !builds.isEmpty else { return nil }
        return Brief(
            builds,
            platform: platform,
            task: request.task,
            target: target,
            olderYears: request.olderYears,
            language: request.language
        )
    }

    /// Returns code that loads a build.
    /// - Parameter name: `model[@version][:type]`
    public func snippet(_ kind: SnippetKind, of name: String, context: Int?, kvType: String) throws -> Snippet {
        var request = BriefRequest()
        request.builds = [name]
        (request.query.context, request.query.kvType) = (context, kvType)
        request.query.platform = kind == .kotlin ? .android : .ios
        guard let build = try briefed(request).builds.first else {
            throw AnswersError.badRequest("'\(name)' has no profile in the registry. Publish it again.")
        }
        guard build.profile.kind == .language else {
            throw AnswersError.badRequest(
                "\(build.build) is \(build.profile.kind.words), and the code of snippets has models write. Name a language model."
            )
        }
        return Snippet(kind, for: build)
    }

    /// Returns the named builds, or the best ones that fit: of three, the first of each model, then more of the best
    /// model.
    /// - Returns: the builds with a shape in the registry, the platform, and the request in words.
    /// - Throws: as `brief(_:)`; `AnswersError.badFile` for a named build that no engine can load.
    package func briefed(
        _ request: BriefRequest
    ) throws -> (builds: [BriefedBuild], platform: Platform, target: String) {
        var query = request.query
        let catalogue = try catalogue()
        let devices = try catalogue.devices(query.devices, running: query.system)
        guard let platform = query.platform ?? devices.first?.platform else {
            throw AnswersError.badRequest(
                "Say what the app runs on: \(setting: "platform", "android") or ios, or \(setting: "device")."
            )
        }
        if query.devices.isEmpty, query.ram == nil {
            // The memory that most phones of the platform give an app today.
            query.ram = try ByteSize("3GB")
        }
        query.platform = platform
        guard let target = try query.target(among: catalogue) else { return ([], platform, "") }
        let words = (devices.map(\.name) + [query.ram.map { "\($0)" }].compactMap { $0 }).joined(separator: ", ")
        if !request.builds.isEmpty, let filter = query.filters.first {
            throw AnswersError.badRequest(
                "\(setting: filter) chooses among the registry's builds, and these are named. Leave it out, or name no builds."
            )
        }
        let chosen: [BuildSummary]
        if request.builds.isEmpty {
            let answer = try query.answer(from: self)
            chosen = Self.pick([answer.best].compactMap { $0 } + answer.alternatives)
        } else {
            chosen = try request.builds.map { name in
                let record = try registry.resolve(try BuildReference(name))
                let wasChecked = profile(record.facts.profile)?.loads == true
                if !wasChecked, let reason = try loadingProblem(of: record) {
                    throw AnswersError.badFile("\(record.name): \(reason)")
                }
                return try BuildSummary(registry, record)
            }
        }
        if let first = chosen.first, let other = chosen.first(where: { $0.kind != first.kind }) {
            throw AnswersError.badRequest(
                "\(first.build) is \((first.kind ?? .language).words) and \(other.build) \((other.kind ?? .language).words): no figure "
                    + "compares them. Name builds of one kind."
            )
        }
        let estimator = FitEstimator(catalogue: catalogue)
        let measured = try registry.deviceMeasurements(on: devices.map(\.id))
        let older = catalogue.devices.filter { $0.platform == platform && request.olderYears.contains($0.year) }
        let builds = try chosen.compactMap { summary -> BriefedBuild? in
            let record = try registry.resolve(try BuildReference(summary.build))
            guard let profile = profile(record.facts.profile) else { return nil }
            let fit = query.fitRequest(for: profile)
            var judged = summary
            if judged.estimate == nil {
                judged.set(try target.estimates(profile, fit, measured: measured[record.digest] ?? [:]))
            }
            guard let estimate = judged.estimate else { return nil }
            var briefed = BriefedBuild(
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
            (briefed.meanCosine, briefed.top10OverlapPercent) = (summary.meanCosine, summary.top10OverlapPercent)
            return briefed
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
