import Architectures
import BinaryIO
import DeviceFit
import Foundation
import Registry

/// Judges builds by the conditions of a query. Builds of the same shape share one estimate.
struct BuildJudge {
    let query: BuildQuery
    let target: BuildQuery.Target?
    /// The measurements of builds on the devices that the query names, by device.
    let measured: [SHA256Digest: [String: [DeviceMeasurement]]]
    /// The kind of output of the builds that are ranked: figures of different kinds cannot be compared.
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

    /// Chooses the kind of a named model, whatever it is.
    mutating func chooseKind(among builds: [BuildRecord]) {
        guard query.kind == nil, query.model != nil else { return }
        let kinds = Set(builds.compactMap { session.profile($0.facts.profile)?.kind })
        if let only = kinds.first, kinds.count == 1 { kind = only }
    }

    /// The result of a shape on the target.
    private struct Judgement {
        var reasons: [String] = []
        var remarks: [String] = []
        var estimates: [FitEstimate] = []
        var suitsAccelerators = false
    }

    /// Returns a function that derives the best possible `fate` of a shape from a few of its numbers.
    func prospects() -> (ShapeBounds) -> Shortlist.Fate {
        guard let target else { return { _ in .fits } }
        let limits = target.limits
        let speed = query.minSpeed ?? 0
        // Within a budget the median of several devices counts, so the fastest device is the bound.
        let least = LeastTime(on: speed > 0 ? target.timed : [])
        return { bounds in
            let time = least.milliseconds(weights: bounds.readWeights, bytes: bounds.readBytes)
            if speed > 0, time > 1000 / speed { return .refused }
            let verdicts = limits.map { $0.bestVerdict(weightBytes: bounds.weightBytes) }
            if verdicts.contains(.doesNotFit) { return .refused }
            return verdicts.contains(.tight) ? .tight : .fits
        }
    }

    /// Returns what becomes of a build of this shape by its estimate alone; `reasons` adds the words for the few builds
    /// that are named.
    func fate(of text: String) throws -> Shortlist.Fate {
        let profile = session.profile(text)
        guard missingTags(of: profile).isEmpty, kindObstacle(of: profile) == nil, contextObstacle(of: profile) == nil
        else { return .refused }
        guard let target else { return .fits }
        guard let profile else { return .refused }
        let request = query.fitRequest(for: profile)
        let verdicts = try target.verdicts(profile, request)
        if verdicts.contains(.doesNotFit) { return .refused }
        if query.wantsSpeed {
            let estimates = try target.estimates(profile, request, measured: [:])
            guard estimates.allSatisfy({ shortfalls(of: $0).isEmpty }) else { return .refused }
        }
        return verdicts.contains(.tight) ? .tight : .fits
    }

    /// Returns the reasons against a build, and adds the estimates to the summary.
    mutating func reasons(against record: BuildRecord, _ summary: inout BuildSummary) throws -> [String] {
        var reasons: [String] = []
        if let maxSize = query.maxSize, record.fileBytes > maxSize.bytes {
            reasons.append(words.fileTooLarge(record.fileBytes, over: maxSize))
        }
        if let license = query.license, record.facts.license.lowercased() != license.lowercased() {
            reasons.append(words.otherLicense(record.facts.license, than: license))
        }
        let profile = session.profile(record.facts.profile)
        let missing = missingTags(of: profile)
        if !missing.isEmpty { reasons.append(words.notTagged(missing, own: profile?.tags ?? [])) }
        if let reason = kindObstacle(of: profile) { reasons.append(reason) }
        if let profile {
            summary.kind = profile.kind
            summary.remarks += [words.fallback(profile), words.projector(profile)].compactMap { $0 }
        }
        guard let target else { return reasons + [contextObstacle(of: profile)].compactMap { $0 } }
        let judgement =
            if let own = measured[record.digest] {
                try judge(profile, target, own)
            } else {
                try judgement(of: record.facts.profile, profile, target)
            }
        if !judgement.estimates.isEmpty { summary.set(judgement.estimates) }
        summary.remarks += judgement.remarks
        summary.suitsAccelerators = judgement.suitsAccelerators
        return reasons + judgement.reasons
    }

    private mutating func judgement(
        of text: String,
        _ profile: ModelProfile?,
        _ target: BuildQuery.Target
    ) throws -> Judgement {
        if let known = judgements[text] { return known }
        let judgement = try judge(profile, target)
        judgements[text] = judgement
        return judgement
    }

    /// Whether the publisher checked that engines can load a build of this shape.
    func wasChecked(_ profile: String) -> Bool { session.profile(profile)?.loads == true }

    /// Why a build is left out of a ranking: embedding models, rerankers and language models have no common figure.
    private func kindObstacle(of profile: ModelProfile?) -> String? {
        if query.takesImages, profile?.projector == nil { return words.takesNoImages }
        let own = profile?.kind ?? .language
        guard own != kind else { return nil }
        return words.otherKind(own, than: kind)
    }

    private func missingTags(of profile: ModelProfile?) -> [String] {
        guard !query.tags.isEmpty else { return [] }
        let own = Set((profile?.tags ?? []).map { $0.lowercased() })
        return query.tags.filter { !own.contains($0.lowercased()) }
    }

    /// Why the model cannot run with the requested context.
    private func contextObstacle(of profile: ModelProfile?) -> String? {
        guard let context = query.context, let trained = profile?.contextLength, context > trained else { return nil }
        return words.contextTooLong(context, trainedFor: trained)
    }

    private func judge(
        _ profile: ModelProfile?,
        _ target: BuildQuery.Target,
        _ measured: [String: [DeviceMeasurement]] = [:]
    ) throws -> Judgement {
        guard let profile else { return Judgement(reasons: [words.shapeUnknown]) }
        if let reason = contextObstacle(of: profile) { return Judgement(reasons: [reason]) }
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
            shortfalls(of: item.estimate).map { item.prefix + say($0, of: item.estimate, device: item.device) }
        }
        return judgement
    }

    /// A condition of the query that an estimate does not meet.
    private enum Shortfall {
        case memory, battery
        /// The speed is too low, in tokens per second: at once, or after ten minutes.
        case speed(Double), sustainedSpeed(Double)
        /// A thousand tokens use too much of the battery, in percent.
        case charge(Double)
    }

    private func shortfalls(of estimate: FitEstimate) -> [Shortfall] {
        var shortfalls: [Shortfall] = estimate.verdict == .doesNotFit ? [.memory] : []
        let speed = estimate.speed.mid
        if let least = query.minSpeed, speed < least { shortfalls.append(.speed(speed)) }
        let sustained = speed * estimate.sustainedFactor.mid
        if let least = query.minSustainedSpeed, sustained < least { shortfalls.append(.sustainedSpeed(sustained)) }
        if let most = query.maxBattery {
            let percent = estimate.batteryPercentPer1kTokens?.mid
            if percent.map({ $0 > most }) ?? true { shortfalls.append(percent.map(Shortfall.charge) ?? .battery) }
        }
        return shortfalls
    }

    private func say(_ shortfall: Shortfall, of estimate: FitEstimate, device: String?) -> String {
        switch shortfall {
        case .memory: words.over(estimate, device: device)
        case .speed(let speed): words.slow(speed, under: query.minSpeed ?? 0)
        case .sustainedSpeed(let speed): words.slowLater(speed, under: query.minSustainedSpeed ?? 0)
        case .charge(let percent): words.drains(percent, over: query.maxBattery ?? 0)
        case .battery: estimate.decode == nil ? words.writesNothing : words.batteryUnknown
        }
    }
}
