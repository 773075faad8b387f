import BinaryIO
import DeviceFit
import Foundation
import Registry

/// What a mobile team asks for.
public struct BuildQuery: Sendable {
    /// Memory that the app may use.
    public var ram: ByteSize?
    public var platform: Platform?
    /// Devices of the catalogue, by id; a build has to fit all of them.
    public var devices: [String] = []
    /// Tokens; nil takes 4096, or what the model was trained for where that is less.
    public var context: Int?
    public var kvType = "f16"
    public var model: String?
    public var maxSize: ByteSize?
    /// Tokens a second while generating.
    public var minSpeed: Double?
    /// The same after ten minutes without a pause.
    public var minSustainedSpeed: Double?
    /// Percent of a full battery for a thousand tokens.
    public var maxBattery: Double?
    public var license: String?
    public var channel: String?

    public init() {}
}

/// The best build, the runners-up, and for every refused one the reasons.
public struct QueryAnswer: Encodable, Sendable {
    public struct Refusal: Encodable, Sendable {
        public var build: String
        public var reasons: [String]
    }

    public var best: BuildSummary?
    public var alternatives: [BuildSummary]
    public var refused: [Refusal]

    private enum CodingKeys: String, CodingKey {
        case best, alternatives, refused
    }

    /// `best` is always there: null says that nothing fits, which a missing key would leave open.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(best, forKey: .best)
        try container.encode(alternatives, forKey: .alternatives)
        try container.encode(refused, forKey: .refused)
    }
}

extension BuildQuery {
    static let defaultContext = 4096

    /// Ranks the registry's builds: of those that fit, the best in bits per byte of the same text first.
    /// - Throws: `RegistryError`, `DeviceFitError` for an unknown device, `PipelineError.badRequest`.
    public func answer(from registry: ModelRegistry) throws -> QueryAnswer {
        let target = try target()
        let filter = BuildFilter(model: model, channel: channel)
        var fitting: [BuildSummary] = []
        var refused: [QueryAnswer.Refusal] = []
        for record in try registry.builds(matching: filter) {
            var summary = try BuildSummary(registry, record)
            var reasons = self.reasons(against: record)
            if let target {
                reasons += try judge(&summary, record, target)
            }
            if reasons.isEmpty {
                fitting.append(summary)
            } else {
                refused.append(.init(build: summary.build, reasons: reasons))
            }
        }
        let ranked = Self.ranked(fitting)
        return QueryAnswer(best: ranked.first, alternatives: Array(ranked.dropFirst()), refused: refused)
    }

    /// What a build is judged by: devices, or a budget on a platform.
    private enum Target {
        case devices([Device], FitEstimator)
        case budget(ByteSize, Platform, FitEstimator)
    }

    private func target() throws -> Target? {
        let estimator = FitEstimator(catalogue: try Operations.catalogue())
        if !devices.isEmpty {
            let found = try devices.map { try estimator.catalogue.device($0) }
            if let platform, let other = found.first(where: { $0.platform != platform }) {
                throw PipelineError.badRequest(
                    "\(other.name) runs \(other.platform.rawValue), not \(platform.rawValue). Leave --platform out."
                )
            }
            return .devices(found, estimator)
        }
        guard let ram else {
            guard platform == nil else {
                throw PipelineError.badRequest(
                    "--platform needs --ram, the memory that your app may use, or --device instead of both."
                )
            }
            let unjudged = [
                ("--min-speed", minSpeed), ("--min-sustained-speed", minSustainedSpeed), ("--max-battery", maxBattery),
            ]
            if let option = unjudged.first(where: { $0.1 != nil })?.0 {
                throw PipelineError.badRequest(
                    "\(option) needs --device, or --ram with --platform: speeds are a phone's."
                )
            }
            return nil
        }
        guard let platform else {
            throw PipelineError.badRequest("--ram needs --platform android or --platform ios: what counts differs.")
        }
        return .budget(ram, platform, estimator)
    }

    private func reasons(against record: BuildRecord) -> [String] {
        var reasons: [String] = []
        if let maxSize, record.fileBytes > maxSize.bytes {
            reasons.append("the file has \(ByteSize(bytes: record.fileBytes)), over \(maxSize)")
        }
        if let license, record.facts.license.lowercased() != license.lowercased() {
            reasons.append("its licence is \(record.facts.license), not \(license)")
        }
        return reasons
    }

    /// Estimates the build on the target.
    /// - Returns: what speaks against it.
    private func judge(_ summary: inout BuildSummary, _ record: BuildRecord, _ target: Target) throws -> [String] {
        guard let profile = try? JSONDecoder().decode(ModelProfile.self, from: Data(record.facts.profile.utf8)) else {
            return ["its shape is not in the registry, so that nothing can be estimated; publish it again"]
        }
        if let context, context > profile.contextLength {
            return ["it was trained for \(profile.contextLength) tokens of context; \(context) were asked for"]
        }
        let request = FitRequest(
            context: context ?? min(Self.defaultContext, profile.contextLength),
            kvType: kvType
        )
        let judged: [(estimate: FitEstimate, limit: String, prefix: String)]
        switch target {
        case .devices(let devices, let estimator):
            judged = try devices.map { device in
                (
                    try estimator.estimate(profile, on: device, request), "what an app on \(device.name) may use",
                    devices.count > 1 ? "\(device.name): " : ""
                )
            }
        case .budget(let ram, let platform, let estimator):
            judged = [
                (try estimator.estimate(profile, budget: ram, platform: platform, request), "the budget", "")
            ]
        }
        summary.set(judged.map(\.estimate))
        summary.remarks += judged.compactMap { item in
            item.estimate.verdict == .tight ? "tight: \(item.prefix)\(item.estimate.reason)" : nil
        }
        if let slow = judged.lazy.compactMap({ FitEstimate.slowness(of: profile.quantType, on: $0.estimate) }).first {
            summary.remarks.append(slow)
        }
        return judged.flatMap { item in
            reasons(against: item.estimate, limit: item.limit).map { item.prefix + $0 }
        }
    }

    private func reasons(against estimate: FitEstimate, limit name: String) -> [String] {
        var reasons: [String] = []
        if estimate.verdict == .doesNotFit {
            let peak = ByteSize(bytes: estimate.memory.total.mid)
            let limit = ByteSize(bytes: estimate.limitBytes)
            reasons.append("peak \(peak) at context \(estimate.context) is over \(limit), \(name)")
        }
        if let minSpeed, estimate.decode.mid < minSpeed {
            reasons.append(
                "about \(estimate.decode.mid.formatted(1)) tokens a second are under \(minSpeed.formatted(1))"
            )
        }
        if let minSustainedSpeed, estimate.sustainedDecode.mid < minSustainedSpeed {
            reasons.append(
                "about \(estimate.sustainedDecode.mid.formatted(1)) tokens a second after ten minutes are under "
                    + minSustainedSpeed.formatted(1)
            )
        }
        if let maxBattery {
            if let percent = estimate.batteryPercentPer1kTokens?.mid {
                if percent > maxBattery {
                    reasons.append(
                        "about \(percent.formatted(3)) % of the battery for 1000 tokens are over \(maxBattery.formatted(3)) %"
                    )
                }
            } else {
                reasons.append("what it takes of the battery is not known")
            }
        }
        return reasons
    }

    /// What surely fits comes before what is tight, then quality on the same text, then speed.
    ///
    /// Bits per byte of different texts cannot be compared, so builds measured on the text that most were measured on
    /// come first. A thousandth of a bit is less than such a text can tell apart: there the speed decides.
    private static func ranked(_ builds: [BuildSummary]) -> [BuildSummary] {
        let texts = Dictionary(grouping: builds.compactMap { $0.textSha256 }, by: { $0 }).mapValues { $0.count }
        let common = texts.max { ($0.value, "\($0.key)") < ($1.value, "\($1.key)") }?.key
        func rank(_ build: BuildSummary) -> (Int, Int, Double, Double, Double, String) {
            let isComparable = build.textSha256 == common && build.bitsPerByte != nil
            return (
                build.estimate?.verdict == .tight ? 1 : 0, isComparable ? 0 : 1, build.qualityStep ?? .infinity,
                -(build.decodeTokensPerSecond ?? 0), build.bitsPerByte ?? .infinity, build.build
            )
        }
        var ranked = builds.sorted { first, second in
            let (a, b) = (rank(first), rank(second))
            return (a.0, a.1, a.2, a.3, a.4) == (b.0, b.1, b.2, b.3, b.4)
                ? a.5 < b.5 : (a.0, a.1, a.2, a.3, a.4) < (b.0, b.1, b.2, b.3, b.4)
        }
        for index in ranked.indices {
            if ranked[index].textSha256 != common || ranked[index].bitsPerByte == nil, ranked[index].remarks.isEmpty {
                ranked[index].remarks.append("its quality was not measured on the same text as the others'")
            }
            guard index > 0 else { continue }
            let (before, own) = (rank(ranked[index - 1]), rank(ranked[index]))
            if (before.0, before.1, before.2) == (own.0, own.1, own.2), own.1 == 0, before.3 < own.3 {
                ranked[index].remarks.append(
                    "as good as \(ranked[index - 1].build) to a thousandth of a bit per byte, and slower"
                )
            }
        }
        return ranked
    }
}
