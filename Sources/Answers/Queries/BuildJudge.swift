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
    private let words: ReasonWords
    private var judgements: [String: Judgement] = [:]

    init(
        _ query: BuildQuery,
        target: BuildQuery.Target?,
        measured: [SHA256Digest: [String: [DeviceMeasurement]]],
        in session: RegistrySession
    ) {
        (self.query, self.target, self.measured, self.session) = (query, target, measured, session)
        kind = query.kind ?? .language
        words = ReasonWords(language: query.language)
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

    /// Tells shapes that `fate` refuses by two of their numbers; what it does not tell, `fate` judges.
    func hopelessness() -> (ShapeBounds) -> Bool {
        guard let target else { return { _ in false } }
        let most = target.limits.map(\.bytes).min() ?? .max
        let speed = query.minSpeed ?? 0
        // Within a budget the median of several devices counts, so that the quickest bounds it.
        let quickest = target.timed.map { FitEstimator.leastMilliseconds(weights: 1_000_000_000, on: $0) }.min() ?? 0
        return { bounds in
            if FitEstimator.surelyExceeds(weightBytes: bounds.weightBytes, limit: most) { return true }
            return speed > 0 && Double(bounds.readWeights) / 1e9 * quickest > 1000 / speed
        }
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
            reasons.append(words.fileTooLarge(record.fileBytes, over: maxSize))
        }
        if let license = query.license, record.facts.license.lowercased() != license.lowercased() {
            reasons.append(words.otherLicense(record.facts.license, than: license))
        }
        let missing = missingTags(of: record.facts.profile)
        if !missing.isEmpty {
            let own = session.profile(record.facts.profile)?.tags ?? []
            reasons.append(words.notTagged(missing, own: own))
        }
        if let reason = kindObstacle(of: record.facts.profile) { reasons.append(reason) }
        if let profile = session.profile(record.facts.profile) {
            summary.kind = profile.kind
            summary.remarks += [words.fallback(profile), words.projector(profile)].compactMap { $0 }
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
            return words.takesNoImages
        }
        let own = session.profile(profile)?.kind ?? .language
        guard own != kind else { return nil }
        return words.otherKind(own, than: kind)
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
        return words.contextTooLong(context, trainedFor: trained)
    }

    private func judge(
        _ text: String,
        _ target: BuildQuery.Target,
        _ measured: [String: [DeviceMeasurement]] = [:]
    ) throws -> Judgement {
        guard let profile = session.profile(text) else {
            return Judgement(reasons: [words.shapeUnknown])
        }
        if let reason = contextObstacle(of: text) { return Judgement(reasons: [reason]) }
        let estimates = try target.estimates(profile, query.fitRequest(for: profile), measured: measured)
        let judged = zip(estimates, target.names).map { estimate, name in
            (estimate: estimate, device: name, prefix: estimates.count > 1 ? name.map { "\($0): " } ?? "" : "")
        }
        var judgement = Judgement(estimates: estimates)
        let known = estimates.map(\.target).filter { measured[$0] != nil }
        if !known.isEmpty { judgement.remarks = [words.measured(on: known)] }
        judgement.remarks += judged.compactMap { item in
            item.estimate.verdict == .tight ? words.tight(item.estimate, item.prefix) : nil
        }
        if let slow = judged.lazy.compactMap({ words.slowness(profile, $0.estimate) }).first {
            judgement.remarks.append(slow)
        }
        judgement.suitsAccelerators = estimates.contains { FitEstimate.suitsAccelerators(profile, on: $0) }
        judgement.reasons = judged.flatMap { item in
            reasons(against: item.estimate, device: item.device).map { item.prefix + $0 }
        }
        return judgement
    }

    private func reasons(against estimate: FitEstimate, device: String?) -> [String] {
        var reasons: [String] = []
        if estimate.verdict == .doesNotFit {
            reasons.append(words.over(estimate, device: device))
        }
        if let minSpeed = query.minSpeed, estimate.speed.mid < minSpeed {
            reasons.append(words.slow(estimate.speed.mid, under: minSpeed))
        }
        let sustained = estimate.speed.mid * estimate.sustainedFactor.mid
        if let minSustainedSpeed = query.minSustainedSpeed, sustained < minSustainedSpeed {
            reasons.append(words.slowLater(sustained, under: minSustainedSpeed))
        }
        if let maxBattery = query.maxBattery {
            if let percent = estimate.batteryPercentPer1kTokens?.mid {
                if percent > maxBattery { reasons.append(words.drains(percent, over: maxBattery)) }
            } else {
                reasons.append(estimate.decode == nil ? words.writesNothing : words.batteryUnknown)
            }
        }
        return reasons
    }
}
