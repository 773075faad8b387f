import Architectures
import BinaryIO
import DeviceFit
import Foundation
import Registry

/// Holds builds against what a query wants. Builds of the same shape get the same estimate, which is made once.
struct BuildJudge {
    let query: BuildQuery
    let target: BuildQuery.Target?
    /// What was measured of builds on the devices that the query names, by device.
    let measured: [SHA256Digest: [String: [DeviceMeasurement]]]
    /// What the builds give for a text that are ranked with each other: figures of one kind say nothing about another.
    private(set) var kind: ModelKind
    private let session: RegistrySession
    private var judgements: [String: Judgement] = [:]

    init(
        _ query: BuildQuery,
        target: BuildQuery.Target?,
        measured: [SHA256Digest: [String: [DeviceMeasurement]]],
        in session: RegistrySession
    ) {
        (self.query, self.target, self.measured, self.session) = (query, target, measured, session)
        kind = query.kind ?? .language
    }

    /// A model that is named is asked for what it gives, whatever that is.
    mutating func chooseKind(among builds: [BuildRecord]) {
        guard query.kind == nil, query.model != nil else { return }
        let kinds = Set(builds.compactMap { session.profile($0.facts.profile)?.kind })
        if let only = kinds.first, kinds.count == 1 { kind = only }
    }

    /// What a shape comes to on the target.
    private struct Judgement {
        var reasons: [String] = []
        var remarks: [String] = []
        var estimates: [FitEstimate] = []
        var suitsAccelerators = false
    }

    /// What becomes of a build of this shape, by its estimate alone.
    mutating func fate(of profile: String) throws -> Shortlist.Fate {
        guard missingTags(of: profile).isEmpty, kindObstacle(of: profile) == nil else { return .refused }
        guard let target else { return contextObstacle(of: profile) == nil ? .fits : .refused }
        if judgements[profile] == nil, try surelyExceeds(profile, target) { return .refused }
        let judgement = try judgement(of: profile, target)
        guard judgement.reasons.isEmpty else { return .refused }
        return judgement.estimates.contains { $0.verdict == .tight } ? .tight : .fits
    }

    /// What speaks against a build; the summary takes what was estimated.
    mutating func reasons(against record: BuildRecord, _ summary: inout BuildSummary) throws -> [String] {
        var reasons: [String] = []
        if let maxSize = query.maxSize, record.fileBytes > maxSize.bytes {
            reasons.append("the file has \(ByteSize(bytes: record.fileBytes)), over \(maxSize)")
        }
        if let license = query.license, record.facts.license.lowercased() != license.lowercased() {
            reasons.append("its licence is \(record.facts.license), not \(license)")
        }
        let missing = missingTags(of: record.facts.profile)
        if !missing.isEmpty {
            let own = session.profile(record.facts.profile)?.tags ?? []
            reasons.append(
                "it is not tagged \(missing.joined(separator: ", "))"
                    + (own.isEmpty ? "; it has no tags" : "; its tags are \(own.joined(separator: ", "))")
            )
        }
        if let reason = kindObstacle(of: record.facts.profile) { reasons.append(reason) }
        if let profile = session.profile(record.facts.profile) {
            summary.kind = profile.kind
            summary.remarks += [profile.fallbackRemark, profile.projector?.remark].compactMap { $0 }
        }
        guard let target else { return reasons + [contextObstacle(of: record.facts.profile)].compactMap { $0 } }
        let own = measured[record.digest]
        let judgement =
            try own.map { try judge(record.facts.profile, target, $0) } ?? judgement(of: record.facts.profile, target)
        if !judgement.estimates.isEmpty { summary.set(judgement.estimates) }
        summary.remarks += judgement.remarks
        summary.suitsAccelerators = judgement.suitsAccelerators
        return reasons + judgement.reasons
    }

    private mutating func judgement(of profile: String, _ target: BuildQuery.Target) throws -> Judgement {
        if let known = judgements[profile] { return known }
        let judgement = try judge(profile, target)
        judgements[profile] = judgement
        return judgement
    }

    /// Tells the hopeless by their size, without the whole estimate, which `reasons` makes of the few that are named.
    private func surelyExceeds(_ text: String, _ target: BuildQuery.Target) throws -> Bool {
        guard let profile = session.profile(text) else { return false }
        let request = query.fitRequest(for: profile)
        return try target.limits.contains { limit in
            try FitEstimator.surelyExceeds(profile, limit: limit.bytes, limit.platform, request)
        }
    }

    /// Whether its publisher made sure that engines can load a build of this shape.
    func wasChecked(_ profile: String) -> Bool { session.profile(profile)?.loads == true }

    /// Why a build stays out of a ranking: what embeds, what ranks and what writes have no figure in common.
    private func kindObstacle(of profile: String) -> String? {
        if query.takesImages, session.profile(profile)?.projector == nil {
            return "it takes no images: no projector was published with it"
        }
        let own = session.profile(profile)?.kind ?? .language
        guard own != kind else { return nil }
        return
            "it is \(own.words), which is not ranked with \(kind.words); ask for it with \(setting: "kind", own.rawValue)"
    }

    private func missingTags(of profile: String) -> [String] {
        guard !query.tags.isEmpty else { return [] }
        let own = Set((session.profile(profile)?.tags ?? []).map { $0.lowercased() })
        return query.tags.filter { !own.contains($0.lowercased()) }
    }

    /// Why the model cannot work with the context that is asked for.
    private func contextObstacle(of text: String) -> String? {
        guard let context = query.context, let trained = session.profile(text)?.contextLength, context > trained else {
            return nil
        }
        return "it was trained for \(trained) tokens of context; \(context) were asked for"
    }

    private func judge(
        _ text: String,
        _ target: BuildQuery.Target,
        _ measured: [String: [DeviceMeasurement]] = [:]
    ) throws -> Judgement {
        guard let profile = session.profile(text) else {
            let reason = "its shape is not in the registry, so that nothing can be estimated; publish it again"
            return Judgement(reasons: [reason])
        }
        if let reason = contextObstacle(of: text) { return Judgement(reasons: [reason]) }
        let estimates = try target.estimates(profile, query.fitRequest(for: profile), measured: measured)
        let judged = zip(estimates, target.names).map { estimate, name in
            (
                estimate: estimate, limit: name.map { "what an app on \($0) may use" } ?? "the budget",
                prefix: estimates.count > 1 ? name.map { "\($0): " } ?? "" : ""
            )
        }
        var judgement = Judgement(estimates: estimates)
        let known = estimates.map(\.target).filter { measured[$0] != nil }
        if !known.isEmpty { judgement.remarks = ["measured, not estimated, on \(known.joined(separator: ", "))"] }
        judgement.remarks += judged.compactMap { item in
            item.estimate.verdict == .tight ? "tight: \(item.prefix)\(item.estimate.reason)" : nil
        }
        if let slow = judged.lazy.compactMap({ FitEstimate.slowness(of: profile, on: $0.estimate) }).first {
            judgement.remarks.append(slow)
        }
        judgement.suitsAccelerators = estimates.contains { FitEstimate.suitsAccelerators(profile, on: $0) }
        judgement.reasons = judged.flatMap { item in
            reasons(against: item.estimate, limit: item.limit).map { item.prefix + $0 }
        }
        return judgement
    }

    private func reasons(against estimate: FitEstimate, limit name: String) -> [String] {
        var reasons: [String] = []
        if estimate.verdict == .doesNotFit {
            let peak = ByteSize(bytes: estimate.memory.total.mid)
            let limit = ByteSize(bytes: estimate.limitBytes)
            reasons.append("peak \(peak) at context \(estimate.context) is over \(limit), \(name)")
        }
        if let minSpeed = query.minSpeed, estimate.speed.mid < minSpeed {
            reasons.append(
                "about \(estimate.speed.mid.formatted(1)) tokens a second are under \(minSpeed.formatted(1))"
            )
        }
        let sustained = estimate.speed.mid * estimate.sustainedFactor.mid
        if let minSustainedSpeed = query.minSustainedSpeed, sustained < minSustainedSpeed {
            reasons.append(
                "about \(sustained.formatted(1)) tokens a second after ten minutes are under "
                    + minSustainedSpeed.formatted(1)
            )
        }
        if let maxBattery = query.maxBattery {
            if let percent = estimate.batteryPercentPer1kTokens?.mid {
                if percent > maxBattery {
                    reasons.append(
                        "about \(percent.formatted(3)) % of the battery for 1000 tokens are over \(maxBattery.formatted(3)) %"
                    )
                }
            } else {
                let isRead = estimate.decode == nil
                reasons.append(
                    isRead
                        ? "it writes no tokens that would take of the battery; leave \(setting: "max-battery") out"
                        : "what it takes of the battery is not known"
                )
            }
        }
        return reasons
    }
}
